import { describe, expect, it } from 'vitest';

import { InvalidChannelError } from '../../../kernel/channel.js';
import { type Epoch, EPOCH_ZERO } from '../../../kernel/epoch.js';
import type { ReleaseOrigin } from '../entities/release.entity.js';
import type { ReleaseRow } from '../releases-in-force.js';
import type { ChannelSource } from './catalog-entry.js';
import {
  type InstalledSnap,
  resolveInstall,
  resolvePinned,
  resolveRefresh,
  type Resolution,
  type Wish,
} from './resolve.js';

type Line = readonly [channel: string, revision: number | null, architecture?: string, origin?: ReleaseOrigin];
type Held = readonly [revision: number, architectures?: readonly string[], epoch?: Epoch];

const RELEASED_AT = new Date('2026-01-01T00:00:00Z');

/** Lines in the order in which they were written; of several for one channel and architecture the last is in force. */
function source(held: readonly Held[], lines: readonly Line[], defaultTrack: string | null = null): ChannelSource {
  const newest = new Map<string, ReleaseRow>();
  const rows = lines.map(([channel, revision, architecture = 'amd64', origin = 'import'], index) => {
    return { id: String(index + 1), channel, revision, architecture, origin, releasedAt: RELEASED_AT };
  });
  for (const row of rows) newest.set(`${row.channel} ${row.architecture}`, row);
  return {
    defaultTrack,
    revisions: new Map(
      held.map(([revision, architectures = ['amd64'], epoch = EPOCH_ZERO]) => [
        revision,
        { revision, architectures, epoch },
      ]),
    ),
    releases: [...newest.values()],
    past: rows.flatMap(({ channel, revision, architecture }) =>
      revision === null ? [] : [{ channel, revision, architecture }],
    ),
  };
}

const wish = (given: Partial<Wish> = {}): Wish => {
  return { architecture: 'amd64', channel: null, revision: null, epoch: null, mayGoBack: false, ...given };
};

const installed = (revision: number, channel = 'latest/stable', epoch: Epoch | null = EPOCH_ZERO): InstalledSnap => {
  return { revision, trackingChannel: channel, epoch };
};

/** The revision and where it comes from, or what there is instead. */
function said(resolution: Resolution): unknown {
  if (!resolution.found) return resolution.releases.map(({ architecture, channel }) => `${channel} ${architecture}`);
  return [resolution.revision, resolution.effectiveChannel];
}

describe('installing', () => {
  const snap = source(
    [[1], [2], [3], [4]],
    [
      ['latest/stable', 1],
      ['latest/edge', 2],
      ['latest/edge/fix', 3],
      ['2.0/candidate', 4],
    ],
  );

  it.each([
    [null, 1, 'latest/stable'],
    ['stable', 1, 'latest/stable'],
    ['latest', 1, 'latest/stable'],
    ['candidate', 1, 'latest/stable'],
    ['beta', 1, 'latest/stable'],
    ['edge', 2, 'latest/edge'],
    ['edge/fix', 3, 'latest/edge/fix'],
    ['edge/other', 2, 'latest/edge'],
    ['beta/other', 1, 'latest/stable'],
    ['2.0/candidate', 4, '2.0/candidate'],
    ['2.0/edge', 4, '2.0/candidate'],
  ])('from %s gets revision %i of %s', (channel, revision, effective) => {
    expect(said(resolveInstall(snap, wish({ channel })))).toEqual([revision, effective]);
  });

  it.each(['2.0/stable', '2.0', '3.0/edge'])(
    'from %s, where nothing safer is open, gets none, and told what there is',
    (channel) => {
      expect(said(resolveInstall(snap, wish({ channel })))).toEqual([
        'latest/stable amd64',
        'latest/edge amd64',
        'latest/edge/fix amd64',
        '2.0/candidate amd64',
      ]);
    },
  );

  it('gets what follows after a channel was closed', () => {
    const closed = source(
      [[1], [2]],
      [
        ['latest/stable', 1],
        ['latest/edge', 2],
        ['latest/edge', null],
      ],
    );
    expect(said(resolveInstall(closed, wish({ channel: 'edge' })))).toEqual([1, 'latest/stable']);
  });

  it('gets any held revision by its number, whatever the channel, and no other', () => {
    expect(said(resolveInstall(snap, wish({ revision: 4 })))).toEqual([4, null]);
    expect(said(resolveInstall(snap, wish({ revision: 4, channel: 'edge' })))).toEqual([4, 'latest/edge']);
    expect(resolveInstall(snap, wish({ revision: 9 })).found).toBe(false);
  });

  it('goes to the default track where it names none, and is told to stay there', () => {
    const snap = source(
      [[1], [2]],
      [
        ['latest/stable', 1],
        ['2.0/stable', 2],
      ],
      '2.0',
    );
    const redirected = resolveInstall(snap, wish({ channel: 'edge' }));
    expect(said(redirected)).toEqual([2, '2.0/stable']);
    expect(redirected).toMatchObject({ redirectChannel: '2.0/edge' });
    const explicit = resolveInstall(snap, wish({ channel: 'latest/stable' }));
    expect(said(explicit)).toEqual([1, 'latest/stable']);
    expect(explicit).toMatchObject({ redirectChannel: null });
  });

  it('refuses a channel that is none', () => {
    expect(() => resolveInstall(snap, wish({ channel: 'a/b/c/d' }))).toThrow(InvalidChannelError);
  });
});

describe('architectures', () => {
  const snap = source(
    [
      [1, ['all']],
      [2, ['amd64']],
      [3, ['arm64', 'armhf']],
    ],
    [
      ['latest/stable', 1, 'all'],
      ['latest/stable', 2, 'amd64'],
      ['latest/stable', 3, 'arm64'],
    ],
  );

  it.each([
    ['amd64', 2],
    ['arm64', 3],
    ['armhf', 1],
    ['riscv64', 1],
    ['made-up', 1],
  ])('%s sees revision %i', (architecture, revision) => {
    expect(said(resolveInstall(snap, wish({ architecture })))).toEqual([revision, 'latest/stable']);
  });

  it('a later row for all is in force for each of them', () => {
    const later = source(
      [
        [1, ['amd64']],
        [2, ['all']],
      ],
      [
        ['latest/stable', 1, 'amd64'],
        ['latest/stable', 2, 'all'],
      ],
    );
    expect(said(resolveInstall(later, wish()))).toEqual([2, 'latest/stable']);
  });

  it('compares the age of rows as numbers', () => {
    const many: Line[] = Array.from({ length: 8 }, () => ['latest/beta', 1] as const);
    const snap = source([[1], [2, ['all']]], [...many, ['latest/stable', 2, 'all'], ['latest/stable', 1, 'amd64']]);
    expect(snap.releases.map(({ id }) => id)).toEqual(['8', '9', '10']);
    expect(said(resolveInstall(snap, wish()))).toEqual([1, 'latest/stable']);
  });

  it('a revision for another architecture is none, by channel as by number; the releases say where it is', () => {
    const snap = source([[3, ['arm64']]], [['latest/stable', 3, 'all']]);
    expect(said(resolveInstall(snap, wish()))).toEqual(['latest/stable arm64']);
    expect(said(resolveInstall(snap, wish({ revision: 3 })))).toEqual(['latest/stable arm64']);
  });

  it('a released revision that is not held is none', () => {
    expect(said(resolveInstall(source([[1]], [['latest/stable', 9]]), wish()))).toEqual([]);
  });
});

describe('refreshing', () => {
  const snap = source(
    [[5], [6], [7]],
    [
      ['latest/stable', 6],
      ['latest/edge', 7],
      ['1.0/stable', 5],
    ],
  );

  it('goes to what is newer on the channel', () => {
    expect(resolveRefresh(snap, wish(), installed(5))).toMatchObject({ revision: 6, keepsInstalled: false });
  });

  it('stays where there is nothing newer', () => {
    expect(said(resolveRefresh(snap, wish(), installed(6)))).toEqual([6, 'latest/stable']);
  });

  it.each([7, 99])('does not go back from revision %i, held or not', (revision) => {
    for (const channel of [null, 'stable', 'latest/stable']) {
      const resolution = resolveRefresh(snap, wish({ channel }), installed(revision));
      expect(resolution).toMatchObject({ revision, keepsInstalled: true });
    }
  });

  it('goes back where another channel or a revision is asked for', () => {
    const ahead = installed(7, 'latest/edge');
    expect(said(resolveRefresh(snap, wish({ channel: 'stable' }), ahead))).toEqual([6, 'latest/stable']);
    expect(said(resolveRefresh(snap, wish({ channel: '1.0' }), ahead))).toEqual([5, '1.0/stable']);
    expect(said(resolveRefresh(snap, wish({ revision: 5 }), ahead))).toEqual([5, null]);
  });

  it('goes back where an operator has taken a held revision back, by hand', () => {
    const back = source(
      [[6], [7]],
      [
        ['latest/stable', 7],
        ['latest/stable', 6, 'amd64', 'hand'],
      ],
    );
    expect(resolveRefresh(back, wish(), installed(7))).toMatchObject({ revision: 6, keepsInstalled: false });
    expect(resolveRefresh(back, wish(), installed(99))).toMatchObject({ revision: 99, keepsInstalled: true });
  });

  it('does not take a channel without a track for one on the default track: snapd has settled that', () => {
    const snap = source(
      [[1], [2]],
      [
        ['latest/stable', 1],
        ['2.0/stable', 2],
      ],
      '2.0',
    );
    expect(said(resolveRefresh(snap, wish({ channel: 'stable' }), installed(1, '2.0/stable')))).toEqual([
      1,
      'latest/stable',
    ]);
  });

  it('along a channel on which nothing is open gets none', () => {
    expect(resolveRefresh(snap, wish(), installed(5, '3.0/stable')).found).toBe(false);
  });
});

describe('epochs', () => {
  const zero = { read: [0], write: [0] };
  const step = { read: [0, 1], write: [1] };
  const one = { read: [1], write: [1] };
  const climbed = source(
    [
      [1, ['amd64'], zero],
      [2, ['amd64'], step],
      [3, ['amd64'], one],
    ],
    [
      ['latest/stable', 1],
      ['latest/stable', 2],
      ['latest/stable', 3],
    ],
  );

  it('are climbed by the newest step on the channel that reads the data', () => {
    expect(said(resolveRefresh(climbed, wish(), installed(1, 'latest/stable', zero)))).toEqual([2, 'latest/stable']);
    expect(said(resolveRefresh(climbed, wish(), installed(2, 'latest/stable', step)))).toEqual([3, 'latest/stable']);
  });

  it('do not concern a device without data', () => {
    expect(said(resolveInstall(climbed, wish()))).toEqual([3, 'latest/stable']);
    expect(said(resolveRefresh(climbed, wish(), installed(1, 'latest/stable', null)))).toEqual([3, 'latest/stable']);
  });

  it('hold for an install that amends a snap with data', () => {
    expect(said(resolveInstall(climbed, wish({ epoch: zero })))).toEqual([2, 'latest/stable']);
  });

  it('leave a device where it is when no step is there, and refuse it another channel', () => {
    const gap = source(
      [
        [1, ['amd64'], zero],
        [3, ['amd64'], one],
      ],
      [
        ['latest/stable', 3],
        ['latest/edge', 3],
      ],
    );
    const old = installed(1, 'latest/stable', zero);
    expect(resolveRefresh(gap, wish(), old)).toMatchObject({ revision: 1, keepsInstalled: true });
    expect(resolveRefresh(gap, wish({ channel: 'edge' }), old).found).toBe(false);
  });

  it('take no step from another channel, or back below it', () => {
    const elsewhere = source(
      [
        [1, ['amd64'], zero],
        [2, ['amd64'], step],
        [3, ['amd64'], one],
      ],
      [
        ['latest/edge', 2],
        ['latest/stable', 3],
      ],
    );
    expect(resolveRefresh(elsewhere, wish(), installed(1, 'latest/stable', zero))).toMatchObject({
      keepsInstalled: true,
    });
  });
});

describe('closing a channel by hand', () => {
  const revisions: Held[] = [[1], [2]];
  const open: Line[] = [
    ['latest/stable', 1],
    ['latest/edge', 2],
    ['latest/edge/fix', 2],
  ];

  it('takes devices that followed it back to what is open, though that is older', () => {
    const closed = source(revisions, [...open, ['latest/edge', null, 'amd64', 'hand']]);
    expect(said(resolveRefresh(closed, wish(), installed(2, 'latest/edge')))).toEqual([1, 'latest/stable']);
    const both = source(revisions, [...open, ['latest/edge/fix', null], ['latest/edge', null, 'amd64', 'hand']]);
    expect(said(resolveRefresh(both, wish(), installed(2, 'latest/edge/fix')))).toEqual([1, 'latest/stable']);
  });

  it('concerns no device whose channel a bundle closed, or that has what is not held', () => {
    const byBundle = source(revisions, [...open, ['latest/edge', null]]);
    expect(resolveRefresh(byBundle, wish(), installed(2, 'latest/edge'))).toMatchObject({ keepsInstalled: true });
    const closed = source(revisions, [...open, ['latest/edge', null, 'amd64', 'hand']]);
    expect(resolveRefresh(closed, wish(), installed(9, 'latest/edge'))).toMatchObject({ keepsInstalled: true });
    const branchOnly = source(revisions, [...open, ['latest/edge/fix', null, 'amd64', 'hand']]);
    expect(resolveRefresh(branchOnly, wish(), installed(2, 'latest/beta'))).toMatchObject({ keepsInstalled: true });
  });
});

describe('a pinned revision', () => {
  const snap = source(
    [[1], [2], [3, ['arm64']]],
    [
      ['latest/stable', 1],
      ['latest/edge', 2],
      ['2.0/stable', 2],
    ],
  );

  it('is got from whatever channel, which the device follows all the same', () => {
    expect(said(resolvePinned(snap, wish(), 2, null))).toEqual([2, 'latest/stable']);
    expect(said(resolvePinned(snap, wish({ channel: 'edge' }), 1, null))).toEqual([1, 'latest/edge']);
    expect(said(resolvePinned(snap, wish(), 1, installed(2, 'latest/edge')))).toEqual([1, 'latest/edge']);
    expect(said(resolvePinned(snap, wish({ channel: 'beta' }), 1, installed(2)))).toEqual([1, 'latest/beta']);
  });

  it('is installed along the default track', () => {
    const redirected = resolvePinned({ ...snap, defaultTrack: '2.0' }, wish({ channel: 'edge' }), 1, null);
    expect(redirected).toMatchObject({ revision: 1, effectiveChannel: '2.0/edge', redirectChannel: '2.0/edge' });
  });

  it('that is not held or not for the architecture is none, whatever channels there are', () => {
    for (const revision of [3, 9]) {
      expect(resolvePinned(snap, wish(), revision, installed(1))).toEqual({ found: false, releases: [] });
    }
  });

  it('is kept where the device has it and the store has not', () => {
    expect(resolvePinned(snap, wish(), 9, installed(9))).toMatchObject({ revision: 9, keepsInstalled: true });
  });
});

describe('entering a cohort', () => {
  it('takes a device back to what the cohort has', () => {
    const snap = source([[1], [2]], [['latest/stable', 1]]);
    expect(said(resolveRefresh(snap, wish({ mayGoBack: true }), installed(2)))).toEqual([1, 'latest/stable']);
    expect(resolveRefresh(snap, wish(), installed(2))).toMatchObject({ revision: 2, keepsInstalled: true });
  });
});

describe('asking for the revision that is there', () => {
  it('changes nothing, also where the store does not hold it', () => {
    const snap = source([[1]], [['latest/stable', 1]]);
    expect(resolveRefresh(snap, wish({ revision: 9 }), installed(9))).toMatchObject({ keepsInstalled: true });
    expect(resolveRefresh(snap, wish({ revision: 8 }), installed(9)).found).toBe(false);
  });
});
