import { Injectable } from '@nestjs/common';

import { Channel, InvalidChannelError } from '../../../kernel/channel.js';
import { type Answer, JSON_TYPE } from '../../../platform/http/answer.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import { type Resolution, resolveInstall, resolveRefresh, type Wish } from '../resolution/resolve.js';
import { CatalogSnapshot } from '../snapshot/catalog-snapshot.js';
import { AssertionFetches } from './assertion-fetches.js';
import type { ContextSnap, RefreshAction, RefreshRequest, SnapAction, UnknownAction } from './refresh-request.js';
import { RevisionDocuments, SNAP_JSON_START } from './revision-documents.js';

/** A result in pieces of JSON. */
type Result = readonly Buffer[];

const START = Buffer.from('{"results":[');
const BETWEEN = Buffer.from(',');
const END = Buffer.from('],"error-list":[]}');
const OBJECT_END = Buffer.from('}');

/** Some 100 snaps with the largest snap.yaml that there are; a request that repeats itself must not become gigabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Answers what devices ask to install, refresh and download: a result for each action, of its own, whatever the others are. */
@Injectable()
export class RefreshService {
  constructor(
    private readonly snapshot: CatalogSnapshot,
    private readonly documents: RevisionDocuments,
    private readonly fetches: AssertionFetches,
  ) {}

  async answer(request: RefreshRequest, architecture: string, baseUrl: string): Promise<Answer> {
    const results = await Promise.all(
      request.actions.map(async (action) => this.result(action, request, architecture, baseUrl)),
    );
    const body: Buffer[] = [START];
    let sizeBytes = 0;
    for (const [index, pieces] of results.entries()) {
      if (index > 0) body.push(BETWEEN);
      for (const piece of pieces) sizeBytes += piece.length;
      // Past the limit the rest is told to come again, rather than the whole refused.
      if (sizeBytes > MAX_ANSWER_BYTES) body.push(tooMuch(request.actions[index]));
      else body.push(...pieces);
    }
    body.push(END);
    return { status: 200, headers: { 'content-type': JSON_TYPE }, body };
  }

  private result(
    action: RefreshAction,
    request: RefreshRequest,
    architecture: string,
    baseUrl: string,
  ): Result | Promise<Result> {
    switch (action.action) {
      case 'fetch-assertions':
        return this.fetches.result(action, request.maxFormats, baseUrl);
      case 'unknown':
        return [errorResult(action, null, 'unknown-action', `this store does not know the action "${action.said}"`)];
      case 'install':
      case 'refresh':
      case 'download':
        return this.snapResult(action, request.context.get(action.instanceKey), architecture, baseUrl);
    }
  }

  private async snapResult(
    action: SnapAction,
    installed: ContextSnap | undefined,
    architecture: string,
    baseUrl: string,
  ): Promise<Result> {
    // Awaited only where it has to be: most of a refresh is found in memory.
    const found = this.find(action, installed);
    const entry = found instanceof Promise ? await found : found;
    if (entry === null) return [notHeld(action, installed)];
    let resolution: Resolution;
    try {
      resolution = resolve(entry, action, installed, architecture);
    } catch (error) {
      if (!(error instanceof InvalidChannelError)) throw error;
      return [errorResult(action, entry, error.code, error.message)];
    }
    if (!resolution.found) {
      const message = 'no revision of this snap is released as asked for';
      return [errorResult(action, entry, 'revision-not-found', message, { releases: resolution.releases })];
    }
    if (resolution.keepsInstalled) {
      return this.keptResult(action, entry, resolution.revision, resolution.effectiveChannel, baseUrl);
    }
    const { effectiveChannel, redirectChannel, releasedAt } = resolution;
    return this.foundResult(action, entry, resolution.revision, baseUrl, {
      ...(effectiveChannel === null ? {} : { 'effective-channel': effectiveChannel.toString() }),
      ...(redirectChannel === null ? {} : { 'redirect-channel': redirectChannel.toString() }),
      ...(releasedAt === null ? {} : { 'released-at': releasedAt.toISOString() }),
    });
  }

  private find(
    action: SnapAction,
    installed: ContextSnap | undefined,
  ): CatalogEntry | null | Promise<CatalogEntry | null> {
    if (action.action !== 'refresh' && action.name !== null) return this.snapshot.byName(action.name);
    const snapId = action.snapId ?? installed?.snapId;
    if (snapId !== undefined) return this.snapshot.byId(snapId);
    return action.name === null ? null : this.snapshot.byName(action.name);
  }

  /**
   * snapd takes a result with the revision that it has for "no update" (store/store_action.go); any other answer would be an
   * older revision, or an error that the user is shown.
   */
  private keptResult(
    action: SnapAction,
    entry: CatalogEntry,
    revision: number,
    channel: Channel,
    baseUrl: string,
  ): Result | Promise<Result> {
    const facts = { 'effective-channel': channel.toString() };
    if (entry.revisions.has(revision)) return this.foundResult(action, entry, revision, baseUrl, facts);
    const { snapId, name, publisher } = entry;
    // Of a revision that is not here nothing is known but its number; nothing else of it is read.
    const snap = { 'snap-id': snapId, name, publisher, revision, prices: {} };
    return [Buffer.from(`${resultStart(action, entry, facts)}${JSON.stringify(snap)}}`)];
  }

  private foundResult(
    action: SnapAction,
    entry: CatalogEntry,
    revision: number,
    baseUrl: string,
    facts: Readonly<Record<string, string>>,
  ): Result | Promise<Result> {
    const held = entry.revisions.get(revision);
    if (held === undefined) throw new Error(`revision ${revision} of ${entry.name} was resolved but is not held`);
    const start = Buffer.from(`${resultStart(action, entry, facts)}${SNAP_JSON_START}${escaped(baseUrl)}`);
    const document = this.documents.of(entry, held);
    if (document instanceof Promise) return document.then((json) => [start, json, OBJECT_END]);
    return [start, document, OBJECT_END];
  }
}

function resolve(
  entry: CatalogEntry,
  action: SnapAction,
  installed: ContextSnap | undefined,
  architecture: string,
): Resolution {
  const { channel, revision, epoch } = action;
  const wish: Wish = { architecture, channel, revision, epoch };
  if (action.action !== 'refresh' || installed === undefined) return resolveInstall(entry, wish);
  return resolveRefresh(entry, wish, {
    revision: installed.revision,
    trackingChannel: Channel.parse(installed.trackingChannel),
    epoch: installed.epoch,
  });
}

function resultStart(action: SnapAction, entry: CatalogEntry, facts: Readonly<Record<string, string>>): string {
  const head = JSON.stringify({
    result: action.action,
    'instance-key': action.instanceKey,
    'snap-id': entry.snapId,
    name: entry.name,
    ...facts,
  });
  return `${head.slice(0, -1)},"snap":`;
}

function notHeld(action: SnapAction, installed: ContextSnap | undefined): Buffer {
  const isByName = action.name !== null && (action.action !== 'refresh' || action.snapId === null);
  const entry = { snapId: action.snapId ?? installed?.snapId ?? null, name: action.name };
  return isByName && installed === undefined
    ? errorResult(action, entry, 'name-not-found', `this store holds no snap of that name`)
    : errorResult(action, entry, 'id-not-found', `this store holds no snap of that snap-id`);
}

/** snapd reports an error without a name as one of the whole request (store/store_action.go). */
function errorResult(
  action: SnapAction | UnknownAction,
  entry: { readonly snapId: string | null; readonly name: string | null } | null,
  code: string,
  message: string,
  extra?: object,
): Buffer {
  const name = entry?.name ?? action.name;
  return Buffer.from(
    JSON.stringify({
      result: 'error',
      'instance-key': action.instanceKey,
      ...(entry?.snapId ? { 'snap-id': entry.snapId } : {}),
      ...(name === null ? {} : { name }),
      error: { code, message, ...(extra === undefined ? {} : { extra }) },
    }),
  );
}

function tooMuch(action: RefreshAction | undefined): Buffer {
  const message = 'the answer to this request would be too large; ask for fewer snaps at once';
  if (action === undefined || action.action === 'fetch-assertions') {
    const key = action?.key ?? '';
    return Buffer.from(
      JSON.stringify({ result: 'fetch-assertions', key, 'error-list': [{ code: 'answer-too-large', message }] }),
    );
  }
  return errorResult(action, null, 'answer-too-large', message);
}

/** As the inside of a JSON text. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
