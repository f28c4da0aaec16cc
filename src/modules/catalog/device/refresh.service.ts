import { Injectable } from '@nestjs/common';

import { InvalidChannelError } from '../../../kernel/channel.js';
import { StoreError } from '../../../kernel/store-error.js';
import { SharedTexts } from '../../../kernel/shared-texts.js';
import { type Answer, type ByteText, byteText, JSON_TYPE, type Piece } from '../../../platform/http/answer.js';
import { describeError } from '../../../platform/http/error-answer.js';
import { joined, sizeOfPieces } from '../../../platform/http/send-buffers.js';
import { deltaFor, offering } from '../deltas/delta-offer.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { type Resolution, resolveInstall, resolvePinned, resolveRefresh, type Wish } from '../resolution/resolve.js';
import { saidBy } from '../resolution/validation-rules.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { AssertionFetches } from './assertion-fetches.js';
import { type DeviceView, WHOLE_CATALOG } from './device-admission.js';
import { isPlainRefresh } from './plain-refresh.js';
import { errorResult, keptSnap, notHeld, resultStart, tooMuch } from './refresh-results.js';
import type { ContextSnap, RefreshAction, RefreshRequest, SnapAction } from './refresh-request.js';
import { joinTerms } from './refresh-terms.js';
import { type SettledTerms, TermsService } from './terms.service.js';
import { RevisionDocuments, SNAP_JSON_START, type SnapJson } from './revision-documents.js';

/** Some 100 snaps with the largest snap.yaml that there are; a request that repeats itself must not become gigabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** One that is ready is one piece; to put it into a list would only cost. */
type Result = Buffer | readonly Piece[];

interface Asked {
  readonly request: RefreshRequest;
  readonly architecture: string;
  readonly baseUrl: string;
  readonly baseUrlInJson: ByteText;
  readonly view: DeviceView;
  readonly takesDeltas: boolean;
}

/** Answers what devices ask to install, refresh and download: a result for each action, of its own, whatever the others are. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly documents: RevisionDocuments,
    private readonly fetches: AssertionFetches,
    private readonly terms: TermsService,
  ) {}

  answer(
    request: RefreshRequest,
    architecture: string,
    baseUrl: string,
    view: DeviceView = WHOLE_CATALOG,
    takesDeltas = false,
  ): Answer | Promise<Answer> {
    const asked = { request, architecture, baseUrl, baseUrlInJson: escaped(baseUrl), view, takesDeltas };
    // All are looked up before the first is answered: on a large catalogue the waits for memory then overlap.
    const entries = request.actions.map((action) => this.find(action, request));
    const results = request.actions.map((action, index) => this.result(action, entries[index] ?? null, asked));
    // Most are found in memory; only those that are not are waited for.
    if (!results.some((result) => result instanceof Promise)) return assemble(request, results as Result[]);
    return Promise.all(results.map(async (result) => result)).then((ready) => assemble(request, ready));
  }

  private result(
    action: RefreshAction,
    entry: CatalogEntry | null | Promise<CatalogEntry | null>,
    asked: Asked,
  ): Result | Promise<Result> {
    switch (action.action) {
      case 'fetch-assertions':
        return this.fetches.result(action, asked.request.maxFormats, asked.baseUrl).then((result) => [result]);
      case 'unknown':
        return [errorResult(action, null, 'unknown-action', `this store does not know the action "${action.said}"`)];
      case 'install':
      case 'refresh':
      case 'download': {
        const installed = asked.request.context.get(action.instanceKey);
        if (entry instanceof Promise) return entry.then((found) => this.snapResult(found, action, installed, asked));
        return this.snapResult(entry, action, installed, asked);
      }
    }
  }

  private snapResult(
    entry: CatalogEntry | null,
    action: SnapAction,
    installed: ContextSnap | undefined,
    asked: Asked,
  ): Result | Promise<Result> {
    if (entry === null || !asked.view.mayHave(entry.snapId)) return [notHeld(action, installed)];
    if (!isPlainRefresh(entry, action, installed)) return this.unusual(entry, action, installed, asked);
    const ready = readyOf(entry, asked).find(asked.architecture, installed.trackingChannel, asked.baseUrl);
    // What is installed may be newer than what is offered; whether it stays is decided anew.
    const isReady = ready !== null && installed.revision <= ready.revision;
    if (isReady && !(asked.takesDeltas && deltaFor(entry, installed.revision, ready.revision))) return ready.bytes;
    return this.resolved(entry, action, installed, asked, FREE, true);
  }

  /** Where it is held to something, that is looked at first; what it cannot be held to is the result. */
  private unusual(
    entry: CatalogEntry,
    action: SnapAction,
    installed: ContextSnap | undefined,
    asked: Asked,
  ): Result | Promise<Result> {
    const terms = joinTerms(action, installed?.terms ?? null);
    if (terms === null) return this.resolved(entry, action, installed, asked, FREE, false);
    return this.terms.settle(entry, terms, action.revision).then(
      (settled) => this.resolved(entry, action, installed, asked, settled, false),
      (error: unknown) => {
        if (!isRefusal(error)) throw error;
        return [errorResult(action, entry, error.code, error.message)];
      },
    );
  }

  private resolved(
    entry: CatalogEntry,
    action: SnapAction,
    installed: ContextSnap | undefined,
    asked: Asked,
    terms: SettledTerms,
    isPlain: boolean,
  ): Result | Promise<Result> {
    let resolution: Resolution;
    try {
      resolution = resolve(entry, action, installed, asked.architecture, terms);
    } catch (error) {
      if (!(error instanceof InvalidChannelError)) throw error;
      return [errorResult(action, entry, error.code, error.message)];
    }
    if (!resolution.found) {
      const message =
        terms.pin === null
          ? 'no revision of this snap is released as asked for'
          : `${saidBy(terms.pin.sets)} revision ${terms.pin.revision}, which this store does not have for this device`;
      return [errorResult(action, entry, 'revision-not-found', message, { releases: resolution.releases })];
    }
    const start = resultStart(action, entry, resolution);
    if (resolution.keepsInstalled && !entry.revisions.has(resolution.revision)) {
      return [`${start}${keptSnap(entry, resolution.revision)}}`];
    }
    const held = entry.revisions.get(resolution.revision);
    // Rejected rather than thrown: what others in the request are still waiting for must be waited for too.
    if (held === undefined) return Promise.reject(notHeldThough(resolution.revision, entry));
    const begun = `${start}${SNAP_JSON_START}${asked.baseUrlInJson}`;
    const { keepsInstalled } = resolution;
    const takesDelta = asked.takesDeltas && action.action === 'refresh' && installed !== undefined;
    const delta = takesDelta ? deltaFor(entry, installed.revision, held.revision) : null;
    const finish = (json: SnapJson): Result => {
      const offered = delta === null ? json : offering(json, entry.snapId, delta);
      const result: readonly Piece[] = [begun, ...between(offered, asked.baseUrlInJson), '}'];
      if (isPlain && !keepsInstalled && delta === null) keepReady(entry, installed, held.revision, asked, result);
      return result;
    };
    const document = this.documents.of(entry, held, offersComponents(entry, asked), terms.componentPins);
    return document instanceof Promise ? document.then(finish) : finish(document);
  }

  /** Null also for what concerns no snap. */
  private find(action: RefreshAction, { context }: RefreshRequest): CatalogEntry | null | Promise<CatalogEntry | null> {
    if (action.action === 'fetch-assertions' || action.action === 'unknown') return null;
    if (action.action !== 'refresh' && action.name !== null) return this.snapshot.byName(action.name);
    const snapId = action.snapId ?? context.get(action.instanceKey)?.snapId;
    if (snapId !== undefined) return this.snapshot.byId(snapId);
    return action.name === null ? null : this.snapshot.byName(action.name);
  }
}

function notHeldThough(revision: number, { name }: CatalogEntry): Error {
  return new Error(`revision ${revision} of ${name} is released but not held`);
}

/** What nearly all devices say. */
const shared = new SharedTexts();

/** Of nearly every snap it is clear without a look at the request. */
function offersComponents({ components }: CatalogEntry, { request }: Asked): boolean {
  return components !== null && request.wantsComponents();
}

function readyOf(entry: CatalogEntry, asked: Asked): CatalogEntry['refreshes'] {
  return offersComponents(entry, asked) ? entry.refreshesWithComponents : entry.refreshes;
}

function between(pieces: SnapJson, baseUrlInJson: ByteText): readonly Piece[] {
  if (pieces.length === 1) return pieces;
  return pieces.flatMap((piece, index) => (index === 0 ? [piece] : [baseUrlInJson, piece]));
}

/** Unless the device is to go back, which only one with a newer revision is told to do. */
function keepReady(
  entry: CatalogEntry,
  installed: ContextSnap | undefined,
  revision: number,
  asked: Asked,
  result: readonly Piece[],
): void {
  if (installed === undefined || installed.revision > revision) return;
  const question = {
    architecture: shared.of(asked.architecture),
    asked: shared.of(installed.trackingChannel),
    baseUrl: shared.of(asked.baseUrl),
  };
  const bytes = joined(result);
  readyOf(entry, asked).keep(question, { revision, bytes }, bytes.length);
}

function assemble(request: RefreshRequest, results: readonly Result[]): Answer {
  const body: Piece[] = ['{"results":['];
  let sizeBytes = 0;
  for (const [index, result] of results.entries()) {
    if (index > 0) body.push(',');
    sizeBytes += Buffer.isBuffer(result) ? result.length : sizeOfPieces(result);
    // Past the limit the rest is told to come again, rather than the whole refused.
    if (sizeBytes > MAX_ANSWER_BYTES) body.push(tooMuch(request.actions[index]));
    else if (Buffer.isBuffer(result)) body.push(result);
    else body.push(...result);
  }
  body.push('],"error-list":[]}');
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body };
}

/** Held to nothing. */
const FREE: SettledTerms = { source: null, pin: null, componentPins: null, entersCohort: false };

function resolve(
  entry: CatalogEntry,
  action: SnapAction,
  installed: ContextSnap | undefined,
  architecture: string,
  { source, pin, entersCohort }: SettledTerms,
): Resolution {
  const { channel, revision, epoch } = action;
  const channels = source ?? entry;
  const wish: Wish = { architecture, channel, revision, epoch, mayGoBack: entersCohort };
  const from = action.action === 'refresh' && installed !== undefined ? installed : null;
  if (pin !== null && revision === null) return resolvePinned(channels, wish, pin.revision, from);
  return from === null ? resolveInstall(channels, wish) : resolveRefresh(channels, wish, from);
}

/** As the inside of a JSON text. */
function escaped(text: string): ByteText {
  return byteText(JSON.stringify(text).slice(1, -1));
}

/** Whether the device asked for what cannot be, rather than that the store failed. */
function isRefusal(error: unknown): error is StoreError {
  return error instanceof StoreError && describeError(error).status < 500;
}
