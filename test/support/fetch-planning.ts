import { expect } from 'vitest';

import type { PlannedBundle, PlannedSnap } from '../../src/modules/snap-fetch/plan/fetch-plan.js';
import { FetchPlanner, type PlannedFetch } from '../../src/modules/snap-fetch/plan/fetch-planner.js';
import type { FetchRequest, WantedPackage } from '../../src/modules/snap-fetch/plan/fetch-request.js';
import { NotOfferedError } from '../../src/modules/snap-fetch/plan/plan.errors.js';
import { InMemoryOnlineStore } from './in-memory-online-store.js';

export const STABLE = ['latest/stable'];

export const wanted = (name: string, more: Partial<WantedPackage> = {}): WantedPackage => ({
  name,
  components: null,
  channels: [],
  architectures: null,
  revision: null,
  cohortKey: null,
  pushChannel: null,
  ...more,
});

export const requestFor = (packages: readonly WantedPackage[], more: Partial<FetchRequest> = {}): FetchRequest => ({
  packages,
  models: [],
  validationSets: [],
  architectures: ['amd64'],
  areArchitecturesSaid: false,
  withPrerequisites: true,
  packing: 'shared',
  since: [],
  ...more,
});

/** What a device with jq asks for: a base, snapd, and two providers, of which one has a base of its own. */
export function usualStore(): InMemoryOnlineStore {
  const content = (provider: string, name: string): string =>
    `  ${name}:\n    interface: content\n    target: $SNAP/${name}\n    default-provider: ${provider}\n`;
  return new InMemoryOnlineStore()
    .offer('jq', [
      {
        revision: 6,
        channels: ['latest/stable', 'latest/candidate'],
        base: 'core22',
        yaml: `plugs:\n${content('gtk-themes', 'themes')}${content('icons:slot', 'icons')}`,
      },
      { revision: 7, channels: ['latest/edge'], base: 'core24' },
    ])
    .offer('gtk-themes', [{ revision: 31, channels: STABLE, base: 'core20' }])
    .offer('icons', [{ revision: 41, channels: STABLE, base: 'core22' }])
    .offer('core20', [{ revision: 20, channels: STABLE, type: 'base' }])
    .offer('core22', [
      { revision: 22, channels: STABLE, type: 'base' },
      { revision: 23, channels: ['latest/edge'], type: 'base' },
    ])
    .offer('core24', [{ revision: 24, channels: STABLE, type: 'base' }])
    .offer('snapd', [{ revision: 9, channels: STABLE, type: 'snapd' }]);
}

export function plan(store: InMemoryOnlineStore, request: FetchRequest): Promise<PlannedFetch> {
  return new FetchPlanner(store).plan(request, { signal: new AbortController().signal, onAsk: () => undefined });
}

export async function bundlesOf(store: InMemoryOnlineStore, request: FetchRequest): Promise<readonly PlannedBundle[]> {
  return (await plan(store, request)).plan.bundles;
}

export function contents({ name, snaps }: PlannedBundle): string {
  const listed = snaps.flatMap((snap) => snap.revisions.map(({ store }) => `${snap.name}_${store.revision}`));
  return `${name}: ${listed.sort().join(' ')}`;
}

export function snapIn(bundles: readonly PlannedBundle[], name: string): PlannedSnap {
  const snap = bundles.flatMap(({ snaps }) => snaps).find((one) => one.name === name);
  if (snap === undefined) throw new Error(`${name} is in no bundle`);
  return snap;
}

export const reasonsOf = ({ reasons }: PlannedSnap): string[] =>
  reasons.map(({ kind, of }) => (of === null ? kind : `${of} needs it: ${kind}`));
export const releasesOf = ({ channelMap }: PlannedSnap): string[] =>
  channelMap.map(({ architecture, channel, revision, requested }) => {
    return `${architecture} ${channel.toString()} ${revision}${requested ? '' : ' (also there)'}`;
  });

export async function problemsOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NotOfferedError);
  return (error as NotOfferedError).message;
}
