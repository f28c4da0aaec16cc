import { describe, expect, it } from 'vitest';

import { holdingsOfBundle, type Holdings, NOTHING_ASSUMED } from '../../../formats/bundle/index.js';
import { Channel } from '../../../kernel/channel.js';
import { InMemoryOnlineStore, type OfferedRevision } from '../../../../test/support/in-memory-online-store.js';
import { sha3, testBundle } from '../../../../test/support/bundles.js';
import { testSnapId } from '../../../../test/support/test-authority.js';
import { FetchPlanner, type PlannedFetch } from './fetch-planner.js';
import { HoldingsConflictError } from './plan.errors.js';

const NOTHING: Holdings = {
  source: 'inventory',
  created: '2026-01-02T00:00:00Z',
  revisions: [],
  components: [],
  media: [],
  releases: [],
};
const [snapId, name] = [testSnapId('jq'), 'jq'];
const digestOf = (revision: number) => sha3(Buffer.from(`jq ${revision}`));
const componentDigest = (revision: number) => sha3(Buffer.from(`jq+docs ${revision}`));
const onStable = (revision: number): Holdings['releases'][number] => {
  return { snapId, architecture: 'amd64', channel: Channel.parse('stable'), revision };
};

/** Says that jq is there: a revision, with its component where it has one, on stable or nowhere. */
function holding(
  revision: number,
  { isReleased = true, component }: { isReleased?: boolean; component?: number } = {},
): Holdings {
  return {
    ...NOTHING,
    revisions: [{ snapId, name, revision, digest: digestOf(revision) }],
    components:
      component === undefined
        ? []
        : [{ snapId, name: 'docs', revision: component, digest: componentDigest(component) }],
    releases: isReleased ? [onStable(revision)] : [],
  };
}

async function planSince(
  since: readonly Holdings[],
  offered: OfferedRevision,
  others: readonly string[] = [],
): Promise<PlannedFetch> {
  const store = new InMemoryOnlineStore().offer(name, [{ channels: ['latest/stable'], type: 'base', ...offered }]);
  for (const other of others) store.offer(other, [{ revision: 1, channels: ['latest/stable'], type: 'base' }]);
  const packages = [name, ...others].map((one) => {
    return {
      name: one,
      components: null,
      channels: [],
      architectures: null,
      revision: null,
      cohortKey: null,
      pushChannel: null,
    };
  });
  return new FetchPlanner(store).plan(
    {
      packages,
      models: [],
      validationSets: [],
      architectures: ['amd64'],
      areArchitecturesSaid: false,
      withPrerequisites: true,
      packing: 'single',
      since,
    },
    { signal: new AbortController().signal, onAsk: () => undefined },
  );
}

const assumedRevisions = ({ plan: { bundles } }: PlannedFetch): string[] =>
  bundles.flatMap(({ assumes }) => assumes.revisions.map((one) => `${one.name} ${one.revision}`));
const carriedRevisions = ({ plan: { bundles } }: PlannedFetch): string[] =>
  bundles.flatMap(({ snaps }) =>
    snaps.flatMap((snap) => snap.revisions.map(({ store }) => `${snap.name} ${store.revision}`)),
  );

describe('what the other side holds', () => {
  it('is not carried again, and assumed', async () => {
    const made = await planSince([holding(6)], { revision: 6 }, ['core22']);
    expect(carriedRevisions(made)).toEqual(['core22 1']);
    expect(assumedRevisions(made)).toEqual(['jq 6']);
    expect(made.plan.bundles[0]?.snaps.map((snap) => snap.name)).toEqual(['core22']);
  });

  it('leaves nothing to carry where it is all of it, and the operator is told', async () => {
    const made = await planSince([holding(6)], { revision: 6 });
    expect(made.plan.bundles).toEqual([]);
    expect(made.notes).toEqual(['jq: the other side has all of it']);
  });

  it('is carried in a newer revision, of which the old one is no condition', async () => {
    const made = await planSince([holding(5)], { revision: 6 });
    expect(carriedRevisions(made)).toEqual(['jq 6']);
    expect(made.plan.bundles[0]?.assumes).toEqual(NOTHING_ASSUMED);
  });

  it.each([
    ['is released nowhere there', [holding(6, { isReleased: false })]],
    ['has another revision on it', [{ ...holding(6), releases: [onStable(5)] }]],
    [
      'has another one on it since',
      [{ ...NOTHING, created: '2026-01-03T00:00:00Z', releases: [onStable(5)] }, holding(6)],
    ],
  ])('still has its channel carried where it %s', async (_, since) => {
    const made = await planSince(since, { revision: 6 });
    expect(carriedRevisions(made)).toEqual([]);
    expect(assumedRevisions(made)).toEqual(['jq 6']);
    const [snap] = made.plan.bundles[0]?.snaps ?? [];
    expect(snap?.channelMap.map(({ channel, revision }) => `${channel.toString()} ${revision}`)).toEqual([
      'latest/stable 6',
    ]);
  });

  it('is told by the newest, in whatever order they are given', async () => {
    const before = { ...holding(5), created: '2026-01-01T00:00:00Z' };
    expect((await planSince([holding(6), before], { revision: 6 })).plan.bundles).toEqual([]);
  });

  it('has components that are not carried again beside a newer revision', async () => {
    const made = await planSince([holding(5, { component: 3 })], {
      revision: 6,
      components: [{ name: 'docs', revision: 3 }],
    });
    const [bundle] = made.plan.bundles;
    expect(bundle?.snaps[0]?.revisions[0]?.components.map(({ isAssumed }) => isAssumed)).toEqual([true]);
    expect(bundle?.assumes.components.map((one) => `${one.name} ${one.revision}`)).toEqual(['docs 3']);
  });

  it('is carried again with a component that is new to it, which it has to be paired with', async () => {
    const made = await planSince([holding(6, { component: 3 })], {
      revision: 6,
      components: [{ name: 'docs', revision: 4 }],
    });
    expect(carriedRevisions(made)).toEqual(['jq 6']);
    expect(made.plan.bundles[0]?.assumes).toEqual(NOTHING_ASSUMED);
  });

  it('must not be something else of the same revision', async () => {
    const other: Holdings = { ...NOTHING, revisions: [{ snapId, name, revision: 6, digest: digestOf(7) }] };
    await expect(planSince([other], { revision: 6 })).rejects.toThrow(HoldingsConflictError);
    await expect(planSince([other], { revision: 6 })).rejects.toThrow(
      'inventory: revision 6 of jq has another digest there',
    );
  });

  it('may be told by a bundle that was carried before', async () => {
    const content = Buffer.from('jq 6');
    const { manifest } = testBundle({
      snaps: [{ name, snapId, revisions: [{ revision: 6, content, channels: ['latest/stable'] }] }],
    });
    const made = await planSince([holdingsOfBundle('jq-1.tar.gz', manifest)], { revision: 6 });
    expect(made.plan.bundles).toEqual([]);
  });
});
