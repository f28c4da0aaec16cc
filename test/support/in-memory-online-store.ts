import type { Assertion } from '../../src/formats/assertion/index.js';
import type { Architecture, SnapArchitecture } from '../../src/kernel/architecture.js';
import { Channel } from '../../src/kernel/channel.js';
import { EPOCH_ZERO } from '../../src/kernel/epoch.js';
import {
  OnlineStore,
  type StoreAnswer,
  type StoreComponent,
  type StoreInfo,
  StoreInfoNotOfferedError,
  type StoreRevision,
  type StoreSnapDetails,
  type StoreTransfer,
  type StoreWish,
} from '../../src/modules/upstream/index.js';
import { sha3 } from './bundles.js';
import { testSnapId } from './test-authority.js';

export interface OfferedRevision {
  readonly revision: number;
  /** Where it is released, for each of its architectures, or for all where it runs on all. */
  readonly channels?: readonly string[];
  readonly architectures?: readonly SnapArchitecture[];
  readonly type?: string;
  readonly base?: string;
  /** Lines of snap.yaml beside name, version and base; null for a store that does not send snap.yaml. */
  readonly yaml?: string | null;
  readonly components?: readonly { readonly name: string; readonly revision: number }[];
  /** The file, where something wants to look into it. */
  readonly content?: Buffer;
}

const MOMENT = '2026-01-01T00:00:00Z';

/** An online store that is a few objects: what tests have put into it is what it offers. */
export class InMemoryOnlineStore extends OnlineStore {
  /** `info jq`, `resolve jq:amd64:latest/stable`, in the order in which they came. */
  readonly asked: string[] = [];
  offersInfo = true;
  sendsRanges = true;
  private readonly snaps = new Map<string, { defaultTrack: string | null; revisions: OfferedRevision[] }>();
  private readonly sequences = new Map<string, Assertion[]>();
  private readonly stores = new Map<string, Assertion>();
  private readonly files = new Map<string, Buffer>();

  offer(name: string, revisions: readonly OfferedRevision[], defaultTrack: string | null = null): this {
    this.snaps.set(name, { defaultTrack, revisions: [...revisions] });
    return this;
  }

  /** A store assertion. */
  offerStore(store: Assertion): this {
    this.stores.set(store.text('store'), store);
    return this;
  }

  /** A validation set. */
  offerSet(set: Assertion): this {
    const key = `${set.text('account-id')}/${set.text('name')}`;
    this.sequences.set(key, [...(this.sequences.get(key) ?? []), set]);
    return this;
  }

  override info(name: string, architectures: readonly Architecture[]): Promise<StoreInfo | null> {
    this.asked.push(`info ${name}`);
    if (!this.offersInfo) return Promise.reject(new StoreInfoNotOfferedError('memory'));
    const snap = this.snaps.get(name);
    if (snap === undefined) return Promise.resolve(null);
    const channelMap = snap.revisions.flatMap((offered) =>
      architectures
        .filter((architecture) => isFor(offered, architecture))
        .flatMap((architecture) =>
          (offered.channels ?? []).map((channel) => ({
            architecture,
            channel: Channel.parse(channel),
            releasedAt: MOMENT,
            revision: { ...this.revisionOf(name, offered), snapYaml: null },
          })),
        ),
    );
    return Promise.resolve({ details: detailsOf(name, 'info'), defaultTrack: snap.defaultTrack, channelMap });
  }

  override resolve(wishes: readonly StoreWish[]): Promise<StoreAnswer[]> {
    return Promise.resolve(wishes.map((wish) => this.answer(wish)));
  }

  override assertion(type: string, [id = '']: readonly string[]): Promise<Assertion | null> {
    if (type !== 'store') return Promise.reject(new Error(`a plan asks for no ${type} by its key`));
    return Promise.resolve(this.stores.get(id) ?? null);
  }

  override sequenceAssertion(
    _type: string,
    [, accountId = '', name = '']: readonly string[],
    sequence: number | null,
  ): Promise<Assertion | null> {
    const all = this.sequences.get(`${accountId}/${name}`) ?? [];
    const found = sequence === null ? all.at(-1) : all.find((one) => one.sequence === sequence);
    return Promise.resolve(found ?? null);
  }

  override download(url: string, from: number): Promise<StoreTransfer> {
    this.asked.push(`download ${url} from ${from}`);
    const file = this.files.get(url);
    if (file === undefined) return Promise.reject(new Error(`${url} is not to be downloaded`));
    const start = this.sendsRanges ? from : 0;
    return Promise.resolve({ from: start, size: file.length, bytes: inChunks(file.subarray(start)) });
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  private answer(wish: StoreWish): StoreAnswer {
    const { name, architecture, revision, channel } = wish;
    this.asked.push(`resolve ${name}:${architecture}:${revision ?? channel?.toString() ?? 'default'}`);
    const snap = this.snaps.get(name);
    if (snap === undefined) return { found: false, code: 'name-not-found', message: '', releases: [] };
    const details = detailsOf(name, 'refresh');
    if (revision !== null) {
      const offered = snap.revisions.find((one) => one.revision === revision);
      if (offered === undefined) return { found: false, code: 'revision-not-found', message: '', releases: [] };
      return { found: true, revision: this.revisionOf(name, offered), channel: null, releasedAt: null, details };
    }
    const asked = channel ?? Channel.parse(snap.defaultTrack ?? 'stable');
    for (const candidate of [asked, ...asked.fallbacks()]) {
      const offered = snap.revisions.find((one) => {
        const channels = one.channels?.map((text) => Channel.parse(text).toString());
        return isFor(one, architecture) && channels?.includes(candidate.toString()) === true;
      });
      if (offered === undefined) continue;
      return {
        found: true,
        revision: this.revisionOf(name, offered),
        channel: candidate,
        releasedAt: MOMENT,
        details,
      };
    }
    const releases = snap.revisions.flatMap((one) =>
      (one.channels ?? []).map((text) => ({ architecture: one.architectures?.[0] ?? 'all', channel: text })),
    );
    return { found: false, code: 'revision-not-found', message: 'nothing there', releases };
  }

  private revisionOf(name: string, offered: OfferedRevision): StoreRevision {
    const content = offered.content ?? Buffer.from(`${name} ${offered.revision}`);
    const url = `memory:${name}_${offered.revision}`;
    this.files.set(url, content);
    const { revision, type = 'app', base = null, yaml = '' } = offered;
    return {
      snapId: testSnapId(name),
      name,
      type,
      revision,
      version: `${revision}.0`,
      base,
      epoch: EPOCH_ZERO,
      architectures: offered.architectures ?? ['all'],
      snapYaml: yaml === null ? null : yamlOf(name, offered, yaml),
      createdAt: MOMENT,
      download: { url, size: content.length, digest: sha3(content) },
      components: (offered.components ?? []).map((one) => componentOf(name, one)),
    };
  }
}

function isFor({ architectures }: OfferedRevision, device: Architecture): boolean {
  return architectures === undefined || architectures.includes('all') || architectures.includes(device);
}

function yamlOf(name: string, { revision, type = 'app', base }: OfferedRevision, more: string): string {
  const lines = [`name: ${name}`, `version: "${revision}.0"`, `type: ${type}`];
  return [...lines, ...(base === undefined ? [] : [`base: ${base}`]), more, ''].join('\n');
}

function componentOf(snap: string, { name, revision }: { name: string; revision: number }): StoreComponent {
  const content = Buffer.from(`${snap}+${name} ${revision}`);
  const url = `memory:${snap}+${name}_${revision}`;
  const download = { url, size: content.length, digest: sha3(content) };
  return { name, revision, type: 'standard', version: null, createdAt: null, download };
}

function detailsOf(name: string, from: string): StoreSnapDetails {
  return {
    snapId: testSnapId(name),
    name,
    title: `${name} by ${from}`,
    summary: null,
    description: null,
    license: null,
    links: {},
    categories: [],
    website: null,
    contact: null,
    storeUrl: null,
    private: false,
    publisher: null,
    media: [],
  };
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield await Promise.resolve(bytes.subarray(at, at + 10_000));
}
