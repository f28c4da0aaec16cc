import { type Assertion, assertionRef } from '../../src/formats/assertion/index.js';
import { NOTHING_ASSUMED } from '../../src/formats/bundle/index.js';
import { Channel } from '../../src/kernel/channel.js';
import type { FetchPlan, PlannedComponent, PlannedSnap } from '../../src/modules/snap-fetch/index.js';
import {
  OnlineStore,
  type StoreInfo,
  type StoreMedia,
  type StoreRequestOptions,
  type StoreTransfer,
} from '../../src/modules/upstream/index.js';
import { sha3 } from './bundles.js';
import type { SignedSnap } from './test-authority.js';

const PIECE_BYTES = 64 * 1024;

/** How a download goes wrong, or slowly. */
export interface FakeTrouble {
  /** The connection breaks after so many bytes; each number is for one request, and afterwards all goes well. */
  readonly breaksAfter?: number[];
  /** Sends other content. */
  readonly content?: Buffer;
  /** Always from the first byte on. */
  readonly ignoresRange?: boolean;
  /** Waits between pieces. */
  readonly pieceMs?: number;
  /** Says another size. */
  readonly size?: number | null;
}

/** An online store in this process: what is put into it is what it answers. */
export class FakeOnlineStore extends OnlineStore {
  readonly files = new Map<string, Buffer>();
  readonly troubles = new Map<string, FakeTrouble>();
  readonly assertions = new Map<string, Assertion>();
  /** Every download that was asked for. */
  readonly downloads: { url: string; from: number; bytes: number }[] = [];
  assertionsAsked = 0;

  put(...signed: SignedSnap[]): void {
    for (const { plan, content, assertions } of signed) {
      this.files.set(urlOf(plan), content);
      this.know(...assertions);
    }
  }

  know(...assertions: readonly Assertion[]): void {
    for (const assertion of assertions) this.assertions.set(assertion.ref.id, assertion);
  }

  /** How many bytes were handed out altogether. */
  get bytesSent(): number {
    return this.downloads.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  override info(): Promise<StoreInfo | null> {
    return Promise.reject(new Error('not asked for here'));
  }

  override resolve(): Promise<never> {
    return Promise.reject(new Error('not asked for here'));
  }

  override assertion(type: string, primaryKey: readonly string[]): Promise<Assertion | null> {
    this.assertionsAsked++;
    return Promise.resolve(this.assertions.get(assertionRef(type, primaryKey).id) ?? null);
  }

  override sequenceAssertion(): Promise<Assertion | null> {
    return Promise.reject(new Error('not asked for here'));
  }

  override download(url: string, from: number, { signal }: StoreRequestOptions): Promise<StoreTransfer> {
    const trouble = this.troubles.get(url) ?? {};
    const content = trouble.content ?? this.files.get(url);
    if (content === undefined) return Promise.reject(new Error(`nothing lies at ${url}`));
    const start = trouble.ignoresRange === true ? 0 : from;
    const record = { url, from: start, bytes: 0 };
    this.downloads.push(record);
    const size = trouble.size === undefined ? content.length : trouble.size;
    return Promise.resolve({ from: start, size, bytes: this.pieces(content.subarray(start), trouble, record, signal) });
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  private async *pieces(
    content: Buffer,
    { breaksAfter, pieceMs }: FakeTrouble,
    record: { bytes: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const most = breaksAfter?.shift() ?? Infinity;
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      if (pieceMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pieceMs));
      signal.throwIfAborted();
      const piece = content.subarray(at, Math.min(at + PIECE_BYTES, most));
      record.bytes += piece.length;
      if (piece.length > 0) yield piece;
      if (at + PIECE_BYTES > most) throw new Error('the cable came loose');
      await Promise.resolve();
    }
  }
}

function urlOf({ name, revision }: { name: string; revision: number }): string {
  return `https://store.test/${name}_${revision}.snap`;
}

/** A plan for one bundle with these snaps, named after the first, as they lie in the fake store. */
export function planFor(...signed: SignedSnap[]): FetchPlan {
  const snaps = signed.map((one) => plannedSnap(one)).sort((one, other) => (one.snapId < other.snapId ? -1 : 1));
  return {
    bundles: [{ name: signed[0]?.plan.name ?? '', snaps, assertions: [], assumes: NOTHING_ASSUMED }],
  };
}

export function plannedSnap(
  { plan, content }: SignedSnap,
  more: { readonly components?: readonly PlannedComponent[]; readonly media?: readonly StoreMedia[] } = {},
): PlannedSnap {
  const { name, snapId, revision } = plan;
  const components = more.components ?? [];
  return {
    snapId,
    name,
    defaultTrack: null,
    reasons: [{ kind: 'requested', of: null }],
    channelMap: [
      {
        architecture: 'amd64',
        channel: Channel.parse('latest/stable'),
        revision,
        releasedAt: '2026-01-01T00:00:00Z',
        requested: true,
      },
    ],
    details: {
      snapId,
      name,
      title: name,
      summary: `${name} of the tests`,
      description: null,
      license: null,
      links: {},
      categories: [],
      website: null,
      contact: null,
      storeUrl: null,
      private: false,
      publisher: null,
      media: more.media ?? [],
    },
    revisions: [
      {
        store: {
          snapId,
          name,
          type: 'app',
          revision,
          version: `${revision}.0`,
          base: 'core22',
          epoch: { read: [0], write: [0] },
          architectures: ['amd64'],
          snapYaml: null,
          createdAt: '2026-01-01T00:00:00Z',
          download: { url: urlOf(plan), size: content.length, digest: sha3(content) },
          components: components.map(({ store }) => store),
        },
        components,
      },
    ],
  };
}
