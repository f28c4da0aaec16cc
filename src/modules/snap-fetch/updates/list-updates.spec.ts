import { describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import { InMemoryOnlineStore } from '../../../../test/support/in-memory-online-store.js';
import { testSnapId } from '../../../../test/support/test-authority.js';
import type { InventorySnap, StoreInventory } from '../../../formats/inventory/index.js';
import type { SnapArchitecture } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import type { UpdateReport } from './channel-updates.js';
import { listUpdates } from './list-updates.js';

const STABLE = ['latest/stable'];

/** Held revisions 1 to 9 of 9 bytes each; each line `amd64 latest/stable 6`. */
function snap(name: string, lines: readonly string[], given: Partial<InventorySnap> = {}): InventorySnap {
  const channelMap = lines.map((line) => {
    const [architecture = '', channel = '', revision = ''] = line.split(' ');
    return {
      architecture: architecture as SnapArchitecture,
      channel: Channel.parse(channel),
      revision: Number(revision),
      releasedAt: null,
    };
  });
  const revisions = [...new Set(channelMap.map(({ revision }) => revision))].map((revision) => ({
    revision,
    digest: sha3(Buffer.from(`${name} ${revision}`)),
    size: 9,
    version: `${revision}.0`,
    architectures: ['amd64' as const],
    components: [],
  }));
  return { snapId: testSnapId(name), name, defaultTrack: null, channelMap, revisions, components: [], ...given };
}

function inventory(...snaps: readonly InventorySnap[]): StoreInventory {
  const tool = { name: 'snap-store-proxy', version: '0.0.0-test' };
  return { format: 1, created: '2026-01-02T03:04:05Z', tool, storeId: null, snaps, media: [] };
}

function list(held: StoreInventory, store: InMemoryOnlineStore): Promise<UpdateReport> {
  const { signal } = new AbortController();
  return listUpdates(held, store, { signal, architecture: 'arm64', onProgress: () => undefined });
}

/** `jq latest/stable amd64 newer 6 -> 7`. */
function lines({ updates }: UpdateReport): string[] {
  return updates.map(({ name, channel, architecture, kind, held, upstream }) => {
    const components = upstream?.components.map((one) => ` +${one.name} ${one.revision}`).join('') ?? '';
    return `${name} ${channel} ${architecture} ${kind} ${held.revision} -> ${upstream?.revision ?? '-'}${components}`;
  });
}

describe(listUpdates.name, () => {
  it('says for each channel what is there upstream, where that is something else', async () => {
    const store = new InMemoryOnlineStore()
      .offer('jq', [
        { revision: 6, channels: ['latest/candidate'] },
        { revision: 7, channels: STABLE },
        { revision: 5, channels: ['latest/edge'] },
      ])
      .offer('yq', [{ revision: 2, channels: STABLE }]);
    const held = inventory(
      snap('jq', ['amd64 latest/stable 6', 'amd64 latest/candidate 6', 'amd64 latest/edge 6']),
      snap('yq', ['amd64 latest/stable 2']),
    );
    const report = await list(held, store);
    expect(lines(report)).toEqual(['jq latest/edge amd64 older 6 -> 5', 'jq latest/stable amd64 newer 6 -> 7']);
    expect(report.unchanged).toBe(2);
    expect(report.updates[1]?.held).toEqual({ revision: 6, version: '6.0' });
  });

  it('tells a closed channel from a snap that is not there', async () => {
    const store = new InMemoryOnlineStore().offer('jq', [{ revision: 6, channels: STABLE }]);
    const held = inventory(
      snap('jq', ['amd64 latest/stable 6', 'amd64 latest/edge 6', 'amd64 2.0/stable 6']),
      snap('none', ['amd64 latest/stable 1']),
    );
    expect(lines(await list(held, store))).toEqual([
      'jq 2.0/stable amd64 closed 6 -> -',
      'jq latest/edge amd64 closed 6 -> -',
      'none latest/stable amd64 gone 1 -> -',
    ]);
  });

  it('does not take another snap of the same name for the one that is held', async () => {
    const store = new InMemoryOnlineStore().offer('jq', [{ revision: 7, channels: STABLE }]);
    const held = inventory(snap('jq', ['amd64 latest/stable 6'], { snapId: 'z'.repeat(32) }));
    expect(lines(await list(held, store))).toEqual(['jq latest/stable amd64 gone 6 -> -']);
  });

  it('counts each file once, and none that is held', async () => {
    const store = new InMemoryOnlineStore().offer('jq', [
      { revision: 7, channels: ['latest/stable', 'latest/candidate'], content: Buffer.alloc(500) },
      { revision: 6, channels: ['latest/edge'], content: Buffer.from('jq 6') },
    ]);
    const held = inventory(snap('jq', ['amd64 latest/stable 6', 'amd64 latest/candidate 5', 'amd64 latest/edge 5']));
    const report = await list(held, store);
    expect(lines(report)).toHaveLength(3);
    expect(report.updates.map(({ upstream }) => upstream?.isHeld)).toEqual([false, true, false]);
    expect(report.sizeBytes).toBe(500);
  });

  it('sees other components of a snap that has some, and of no other', async () => {
    const store = new InMemoryOnlineStore()
      .offer('jq', [
        {
          revision: 6,
          channels: STABLE,
          components: [
            { name: 'docs', revision: 3 },
            { name: 'more', revision: 1 },
          ],
        },
      ])
      .offer('yq', [{ revision: 1, channels: STABLE, components: [{ name: 'docs', revision: 3 }] }]);
    const components = [{ name: 'docs', revision: 2, digest: sha3(Buffer.from('docs')), size: 4 }];
    const held = inventory(
      snap('jq', ['amd64 latest/stable 6'], { components }),
      snap('yq', ['amd64 latest/stable 1']),
    );
    const report = await list(held, store);
    expect(lines(report)).toEqual(['jq latest/stable amd64 components 6 -> 6 +docs 3']);
    expect(report.sizeBytes).toBe(report.updates[0]?.upstream?.components[0]?.sizeBytes);
  });

  it('asks for what is for all architectures on each that the store serves, and not where a line of its own counts', async () => {
    const store = new InMemoryOnlineStore()
      .offer('jq', [{ revision: 7, channels: STABLE, architectures: ['all'] }])
      .offer('yq', [{ revision: 1, channels: STABLE, architectures: ['s390x', 'amd64'] }]);
    const held = inventory(
      snap('jq', ['all latest/stable 6', 'amd64 latest/stable 7']),
      snap('yq', ['s390x latest/stable 1']),
    );
    expect(lines(await list(held, store))).toEqual(['jq latest/stable s390x newer 6 -> 7']);
    const alone = inventory(
      snap('jq', ['all latest/stable 6'], {
        revisions: [{ ...snap('jq', ['all latest/stable 6']).revisions[0]!, architectures: ['all'] }],
      }),
    );
    expect(lines(await list(alone, store))).toEqual(['jq latest/stable arm64 newer 6 -> 7']);
  });

  it('has nothing to say of a store that holds nothing, and asks nobody', async () => {
    const store = new InMemoryOnlineStore();
    expect(await list(inventory(), store)).toEqual({ updates: [], unchanged: 0, sizeBytes: 0 });
    expect(store.asked).toEqual([]);
  });
});
