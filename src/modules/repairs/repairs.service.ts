import { Injectable } from '@nestjs/common';

import { type Assertion, assertionRef, encodeAssertionStream } from '../../formats/assertion/index.js';
import { WatchedCache } from '../../platform/cache/watched-cache.js';
import { ChangeFeed } from '../../platform/database/change-feed.js';
import { type Answer, type ByteText, byteText, EMPTY_BODY, JSON_TYPE } from '../../platform/http/answer.js';
import { errorListAnswer } from '../../platform/http/error-answer.js';
import { ASSERTIONS_TOPIC, AssertionService, TrustedRootsService } from '../assertions/index.js';

/** A brand's account id, and a number as snapd writes it. */
const PATH = /^([-a-zA-Z0-9]{1,64})\/([1-9][0-9]{0,8})$/;
const MAX_BYTES = 32 * 1024 * 1024;
const ASSERTION_TYPE = 'application/x.ubuntu.assertion';

export interface RepairWish {
  /** The headers of the request; null where they are absent. */
  readonly accept: string | null;
  readonly ifNoneMatch: string | null;
}

interface ReadyRepair {
  readonly etag: string;
  readonly stream: ByteText;
  readonly headersJson: ByteText;
}

/** Answers `GET v2/repairs/{brand}/{id}` (snapd: cmd/snap-repair/runner.go). */
@Injectable()
export class RepairsService {
  private readonly ready: WatchedCache<ReadyRepair | null>;

  constructor(
    private readonly assertions: AssertionService,
    private readonly roots: TrustedRootsService,
    changes: ChangeFeed,
  ) {
    this.ready = new WatchedCache(changes, {
      maxBytes: MAX_BYTES,
      maxEntries: 10_000,
      sizeOf: (repair) => 500 + (repair === null ? 0 : repair.stream.length + repair.headersJson.length),
      isStaleAfter: ({ topic }) => topic === ASSERTIONS_TOPIC,
    });
  }

  /**
   * As a stream, the repair first; or its headers as JSON for a device that looks whether it is concerned at all. A device that has
   * this revision is told so.
   * @param path `brand/id` as it stands in the URL
   */
  answer(path: string, wish: RepairWish): Answer | Promise<Answer> {
    const [, brandId = '', repairId = ''] = PATH.exec(path) ?? [];
    if (brandId === '') return notHeld(path);
    const found = this.ready.get(`${brandId}/${repairId}`, () => this.load(brandId, repairId));
    if (found instanceof Promise) return found.then((repair) => answerOf(repair, path, wish));
    return answerOf(found, path, wish);
  }

  private async load(brandId: string, repairId: string): Promise<ReadyRepair | null> {
    const repair = await this.assertions.find(assertionRef('repair', [brandId, repairId]));
    if (repair === null) return null;
    const stream = encodeAssertionStream([repair, ...(await this.keysBelowRoot(repair))]);
    return {
      etag: `"${repair.revision}"`,
      stream: stream.toString('latin1'),
      headersJson: byteText(JSON.stringify({ headers: repair.headers })),
    };
  }

  /** The account-keys from the one that signed it up to the root of repairs, which devices have. */
  private async keysBelowRoot(repair: Assertion): Promise<Assertion[]> {
    const roots = await this.roots.current();
    const keys = new Map<string, Assertion>();
    for (let id = repair.signKeyId; roots.findRepairKey(id) === null && !keys.has(id);) {
      const key = await this.assertions.find(assertionRef('account-key', [id]));
      if (key === null) break;
      keys.set(id, key);
      id = key.signKeyId;
    }
    return [...keys.values()];
  }
}

function answerOf(repair: ReadyRepair | null, path: string, { accept, ifNoneMatch }: RepairWish): Answer {
  if (repair === null) return notHeld(path);
  if (accept?.includes(JSON_TYPE) === true) {
    return { status: 200, headers: { 'content-type': JSON_TYPE, vary: 'accept' }, body: repair.headersJson };
  }
  const { etag } = repair;
  if (ifNoneMatch === etag) return { status: 304, headers: { etag, vary: 'accept' }, body: EMPTY_BODY };
  return { status: 200, headers: { 'content-type': ASSERTION_TYPE, etag, vary: 'accept' }, body: repair.stream };
}

/** To a device this means that there are no more (cmd/snap-repair/runner.go, Next). */
function notHeld(path: string): Answer {
  return errorListAnswer(404, 'not-found', `this store does not hold the repair ${path.slice(0, 100)}`);
}
