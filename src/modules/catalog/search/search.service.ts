import { constants, gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';

import { FreshCache } from '../../../platform/cache/fresh-cache.js';
import { type Change, ChangeFeed, EVERYTHING } from '../../../platform/database/change-feed.js';
import { type Answer, JSON_TYPE } from '../../../platform/http/answer.js';
import { LoggerFactory, type Logger } from '../../../platform/logging/logger.js';
import { ASSERTIONS_TOPIC } from '../../assertions/index.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import type { DeviceView } from '../device/device-admission.js';
import { fieldsOf, type FindQuestion, parseFindQuestion } from './find-question.js';
import { findResult, formerResult } from './found-snap.js';
import { FoundSnaps, type RememberedSnap } from './found-snaps.js';
import { offerFor } from './offers.js';
import { SEARCH_TOPIC } from './search-indexer.js';
import { SearchRepository } from './search.repository.js';
import { TrigramsRepository } from './trigrams.repository.js';

/** snapd reads an answer as one document, and nobody reads a longer list (store/store.go, Find). */
const MAX_RESULTS = 100;
/** What is found is looked through for what the device could use, so many at most. */
const MAX_CANDIDATES = 500;
const MIB = 1024 * 1024;
const GRACE_MS = 1_000;
/** Queries come from the network; what is longer than any that snapd sends is answered but not remembered. */
const MAX_QUERY_LENGTH = 1_500;
const HAL_JSON = 'application/hal+json';

/** `find` is today's; `former` is what snapd falls back to where there is no other: `api/v1/snaps/search` (store/store.go, findV1). */
export type SearchDialect = 'find' | 'former';

interface Asked {
  readonly query: string;
  readonly deviceArchitecture: string | null;
  readonly baseUrl: string;
  readonly view: DeviceView;
}

/** Answers `GET v2/snaps/find`, and what was there before it. */
@Injectable()
export class SearchService {
  private readonly answers: FreshCache<Answer>;
  private readonly ranked: FreshCache<readonly string[]>;
  private readonly log: Logger;
  private listening: Promise<void> | null = null;
  private trigramsSchema: Promise<string | null> | null = null;

  constructor(
    private readonly rows: SearchRepository,
    private readonly trigrams: TrigramsRepository,
    private readonly snaps: FoundSnaps,
    private readonly changes: ChangeFeed,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('search');
    const fresh = { isWatched: () => changes.isConnected, graceMs: GRACE_MS };
    const sizeOf = ({ body }: Answer): number => 2_000 + 1.5 * (Buffer.isBuffer(body) ? body.length : 0);
    this.answers = new FreshCache({ ...fresh, maxBytes: 32 * MIB, maxEntries: 5_000, sizeOf });
    this.ranked = new FreshCache({
      ...fresh,
      maxBytes: 16 * MIB,
      maxEntries: 20_000,
      sizeOf: (snapIds) => 300 + 60 * snapIds.length,
    });
  }

  /** @throws BadRequestError, InvalidChannelError */
  answer(dialect: SearchDialect, asked: Asked): Answer | Promise<Answer> {
    const { query, deviceArchitecture, baseUrl, view } = asked;
    const make = (): Promise<Answer> => this.make(dialect, asked);
    // What a device may not have is for no other to remember.
    if (!view.isEverything || query.length > MAX_QUERY_LENGTH) return make();
    return this.answers.get([dialect, deviceArchitecture ?? '', baseUrl, query].join(' '), make);
  }

  private async make(dialect: SearchDialect, { query, deviceArchitecture, baseUrl, view }: Asked): Promise<Answer> {
    await this.listen();
    const parameters = new URLSearchParams(query);
    const question = parseFindQuestion(parameters, deviceArchitecture);
    const results: string[] = [];
    if (question !== null) {
      const shape = { fields: fieldsOf(parameters), baseUrl };
      const { architecture, confinements, channel, commonId } = question;
      const shapeKey = JSON.stringify([
        dialect,
        architecture,
        confinements,
        channel,
        commonId,
        parameters.get('fields'),
        baseUrl,
      ]);
      const tell = ({ snap }: RememberedSnap): string => {
        const offer = offerFor(snap.offers, question);
        if (offer === null) return '';
        return JSON.stringify(dialect === 'find' ? findResult(snap, offer, shape) : formerResult(snap, offer, shape));
      };
      const candidates = (await this.rank(question)).filter((snapId) => view.mayHave(snapId));
      for (let start = 0; start < candidates.length && results.length < MAX_RESULTS; start += MAX_RESULTS) {
        const page = candidates.slice(start, start + MAX_RESULTS);
        for (const one of await Promise.all(page.map(async (snapId) => this.snaps.get(snapId)))) {
          // Empty is what nothing is told of: no channel of it is for this device.
          const text = one?.tell(shapeKey, () => tell(one)) ?? '';
          if (text !== '') results.push(text);
        }
      }
    }
    return document(dialect, results.slice(0, MAX_RESULTS));
  }

  /** The ids of what answers a question, best first; every word has to be there, unless that is so nowhere. */
  private rank(question: FindQuestion): readonly string[] | Promise<readonly string[]> {
    return this.ranked.get(JSON.stringify(question), async () => {
      const trigrams = await this.trigramsOrNull();
      const found = await this.rows.find(question, 'every', trigrams, MAX_CANDIDATES);
      if (found.length > 0 || question.words.length < 2) return found;
      return this.rows.find(question, 'any', trigrams, MAX_CANDIDATES);
    });
  }

  private trigramsOrNull(): Promise<string | null> {
    this.trigramsSchema ??= this.trigrams.schema().then(
      (schema) => {
        if (schema === null)
          this.log.warn({}, 'the database has no pg_trgm: a search with a typing error finds nothing');
        return schema;
      },
      (error: unknown) => {
        this.trigramsSchema = null;
        throw error;
      },
    );
    return this.trigramsSchema;
  }

  /** From before the first thing is remembered, so that no change of it is missed. */
  private listen(): Promise<void> {
    this.listening ??= this.changes.listen((change) => {
      this.hear(change);
    });
    return this.listening;
  }

  private hear(change: Change): void {
    const { topic, keys } = change;
    if (topic === CATALOG_TOPIC && keys.length > 0) for (const snapId of keys) this.snaps.forget(snapId);
    else if (change === EVERYTHING || topic === CATALOG_TOPIC || topic === SEARCH_TOPIC || isShown(change))
      this.snaps.clear();
    else return;
    this.answers.clear();
    this.ranked.clear();
  }
}

/** An account may publish any snap, and a declaration may revoke one. */
function isShown({ topic, keys }: Change): boolean {
  if (topic !== ASSERTIONS_TOPIC) return false;
  return keys.length === 0 || keys.some((id) => id.startsWith('account/') || id.startsWith('snap-declaration/'));
}

function document(dialect: SearchDialect, results: readonly string[]): Answer {
  const list = `[${results.join(',')}]`;
  const body = Buffer.from(dialect === 'find' ? `{"results":${list}}` : `{"_embedded":{"clickindex:package":${list}}}`);
  let compressed: Buffer | null = null;
  // A question is rarely asked twice, so packing tightly would cost more than it saves.
  const gzip = (): Buffer => (compressed ??= gzipSync(body, { level: constants.Z_BEST_SPEED }));
  return { status: 200, headers: { 'content-type': dialect === 'find' ? JSON_TYPE : HAL_JSON }, body, gzip };
}
