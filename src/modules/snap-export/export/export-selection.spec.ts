import { describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import type { Holdings } from '../../../formats/bundle/index.js';
import { Channel } from '../../../kernel/channel.js';
import type { HeldSnap, NeedKind, OpenRelease } from '../../catalog/index.js';
import { planExport, type PlannedExport } from './export-plan.js';
import type { ExportRequest } from './export-request.js';
import { selectExport } from './export-selection.js';

const at = new Date('2026-01-01T00:00:00Z');

/** A held snap; each line `amd64 latest/stable 6`. */
function snap(
  name: string,
  revisions: readonly number[],
  lines: readonly string[],
  given: Partial<HeldSnap> = {},
): HeldSnap {
  return {
    snapId: `${name.replaceAll('-', '')}${'x'.repeat(32)}`.slice(0, 32),
    name,
    publisherId: 'publisher',
    defaultTrack: null,
    metadata: {},
    revisions: revisions.map((revision) => ({
      revision,
      sha3_384: digestOf(name, revision).hex,
      sizeBytes: 10,
      version: '1',
      architectures: ['amd64'],
      provenance: 'global-upload',
      createdAt: at,
      components: [],
    })),
    components: [],
    releases: lines.map((line): OpenRelease => {
      const [architecture = '', channel = '', revision = ''] = line.split(' ');
      return { architecture, channel, revision: Number(revision), releasedAt: at };
    }),
    ...given,
  };
}

function digestOf(name: string, revision: number) {
  return sha3(Buffer.from(`${name} ${revision}`));
}

const held = [
  snap('core22', [1, 2], ['amd64 latest/stable 1', 'amd64 latest/edge 2']),
  snap('gtk', [4], ['amd64 2.0/stable 4'], { defaultTrack: '2.0' }),
  snap('jq', [5, 6, 7], ['amd64 latest/stable 6', 'amd64 latest/candidate 6', 'amd64 latest/edge 7']),
  snap('loose', [3], []),
  snap('snapd', [9], ['all latest/stable 9']),
  snap('yq', [1], ['amd64 latest/stable 1']),
];

const needs: Readonly<Record<string, Readonly<Record<string, NeedKind>>>> = {
  jq: { core22: 'base', snapd: 'snapd', gtk: 'default-provider', missing: 'default-provider' },
  gtk: { core22: 'base', loose: 'default-provider' },
  yq: { core22: 'base' },
};

const usual: ExportRequest = {
  names: null,
  revisions: [],
  channels: [],
  everyRevision: false,
  withPrerequisites: true,
  packing: 'shared',
  since: [],
};

async function plan(given: Partial<ExportRequest>) {
  const request = { ...usual, ...given };
  const needsOf = (snapId: string): Promise<ReadonlyMap<string, NeedKind>> => {
    const name = held.find((one) => one.snapId === snapId)?.name ?? '';
    return Promise.resolve(new Map(Object.entries(needs[name] ?? {})));
  };
  return planExport(await selectExport(held, needsOf, request), request.since);
}

/** `jq: core22 1, jq 6 7`. */
function files(bundles: readonly PlannedExport[]): string[] {
  return bundles.map(({ name, snaps }) => {
    const inside = snaps.map((one) => [one.held.name, ...one.revisions.map(({ revision }) => revision)].join(' '));
    return `${name}: ${inside.join(', ')}`;
  });
}

/** `latest/stable amd64 6 requested`. */
function releases({ snaps }: PlannedExport, name: string): string[] {
  const map = snaps.find((one) => one.held.name === name)?.channelMap ?? [];
  return map.map(({ channel, architecture, revision, requested }) => {
    return `${channel.toString()} ${architecture} ${revision}${requested ? ' requested' : ''}`;
  });
}

describe(selectExport.name, () => {
  it('takes what channels hold, and what a device will ask for beside it, as far as it is held', async () => {
    const { bundles, notes } = await plan({ names: ['jq'] });
    expect(files(bundles)).toEqual(['jq: core22 1, gtk 4, jq 6 7, loose 3, snapd 9']);
    expect(notes).toEqual([
      'jq (revision 6) needs missing: default-provider, which this store does not hold',
      'jq (revision 7) needs missing: default-provider, which this store does not hold',
    ]);
    const reasons = bundles[0]!.snaps.map(
      (one) => `${one.held.name} ${one.reasons.map(({ kind, of }) => `${kind} ${of ?? '-'}`).join(', ')}`,
    );
    expect(reasons).toEqual([
      'core22 base jq, base gtk',
      'gtk default-provider jq',
      'jq requested -',
      'loose default-provider gtk',
      'snapd snapd jq',
    ]);
  });

  it('asks for nothing beside it where it is told so', async () => {
    expect(files((await plan({ names: ['jq'], withPrerequisites: false })).bundles)).toEqual(['jq: jq 6 7']);
  });

  it('releases what it takes where it is released here', async () => {
    const { bundles } = await plan({ names: ['jq'] });
    expect(releases(bundles[0]!, 'jq')).toEqual([
      'latest/stable amd64 6 requested',
      'latest/candidate amd64 6 requested',
      'latest/edge amd64 7 requested',
    ]);
    expect(releases(bundles[0]!, 'core22')).toEqual(['latest/stable amd64 1 requested']);
    expect(releases(bundles[0]!, 'loose')).toEqual([]);
  });

  it.each<[string, Partial<ExportRequest>, string[], string[]]>([
    [
      'a channel',
      { channels: ['stable'] },
      ['jq: jq 6'],
      ['latest/stable amd64 6 requested', 'latest/candidate amd64 6'],
    ],
    [
      'two channels',
      { channels: ['candidate', 'edge'] },
      ['jq: jq 6 7'],
      ['latest/stable amd64 6', 'latest/candidate amd64 6 requested', 'latest/edge amd64 7 requested'],
    ],
    ['a revision', { revisions: [7] }, ['jq: jq 7'], ['latest/edge amd64 7 requested']],
    ['a revision on no channel', { revisions: [5] }, ['jq: jq 5'], []],
    [
      'every revision',
      { everyRevision: true },
      ['jq: jq 5 6 7'],
      ['latest/stable amd64 6 requested', 'latest/candidate amd64 6 requested', 'latest/edge amd64 7 requested'],
    ],
  ])('takes %s', async (_what, given, expected, map) => {
    const { bundles } = await plan({ names: ['jq'], withPrerequisites: false, ...given });
    expect(files(bundles)).toEqual(expected);
    expect(releases(bundles[0]!, 'jq')).toEqual(map);
  });

  it('means the default track where a channel names none', async () => {
    expect(files((await plan({ names: ['gtk'], channels: ['stable'], withPrerequisites: false })).bundles)).toEqual([
      'gtk: gtk 4',
    ]);
  });

  it.each<[string, Partial<ExportRequest>, string]>([
    ['a snap that is not held', { names: ['none'] }, 'snap-not-held'],
    ['a revision that is not held', { names: ['jq'], revisions: [8] }, 'revision-not-held'],
    ['a channel that is closed', { names: ['jq'], channels: ['beta'] }, 'channel-not-open'],
    ['a channel of the wrong track', { names: ['gtk'], channels: ['latest/stable'] }, 'channel-not-open'],
    ['a snap without an open channel', { names: ['loose'] }, 'nothing-to-export'],
  ])('refuses %s', async (_what, given, code) => {
    await expect(plan(given)).rejects.toMatchObject({ code });
  });

  it('puts what several need into the first file, and what is named into its own', async () => {
    const { bundles } = await plan({ names: ['jq', 'yq', 'gtk'] });
    expect(files(bundles)).toEqual(['jq: core22 1, jq 6 7, loose 3, snapd 9', 'yq: yq 1', 'gtk: gtk 4']);
  });

  it('puts it into each file where each has to do by itself', async () => {
    const { bundles } = await plan({ names: ['yq', 'gtk'], packing: 'standalone' });
    expect(files(bundles)).toEqual(['yq: core22 1, yq 1', 'gtk: core22 1, gtk 4, loose 3']);
  });

  it('puts everything into one file', async () => {
    expect(files((await plan({ names: ['yq', 'gtk'], packing: 'single' })).bundles)).toEqual([
      'yq: core22 1, gtk 4, loose 3, yq 1',
    ]);
    expect(files((await plan({ everyRevision: true, packing: 'single' })).bundles)).toEqual([
      'all-snaps: core22 1 2, gtk 4, jq 5 6 7, loose 3, snapd 9, yq 1',
    ]);
  });
});

describe(planExport.name, () => {
  const of = (name: string) => held.find((one) => one.name === name)!.snapId;

  function holdings(revisions: readonly [string, number][], lines: readonly string[] = []): Holdings {
    return {
      source: 'x',
      created: '2026-01-02T03:04:05Z',
      revisions: revisions.map(([name, revision]) => ({
        snapId: of(name),
        name,
        revision,
        digest: digestOf(name, revision),
      })),
      components: [],
      media: [],
      releases: lines.map((line) => {
        const [name = '', channel = '', revision = ''] = line.split(' ');
        return { snapId: of(name), architecture: 'amd64', channel: Channel.parse(channel), revision: Number(revision) };
      }),
    };
  }

  it('counts on what the other store holds, and still says what is released', async () => {
    const { bundles } = await plan({ names: ['jq'], withPrerequisites: false, since: [holdings([['jq', 6]])] });
    expect(files(bundles)).toEqual(['jq: jq 7']);
    expect(bundles[0]!.assumes.revisions.map(({ name, revision }) => `${name} ${revision}`)).toEqual(['jq 6']);
    expect(releases(bundles[0]!, 'jq')).toHaveLength(3);
  });

  it('leaves out a snap of which nothing is new, and a file of such snaps', async () => {
    const since = [
      holdings(
        [
          ['yq', 1],
          ['core22', 1],
        ],
        ['yq latest/stable 1', 'core22 latest/stable 1'],
      ),
    ];
    const { bundles, notes } = await plan({ names: ['yq', 'gtk'], packing: 'standalone', since });
    expect(files(bundles)).toEqual(['gtk: gtk 4, loose 3']);
    expect(notes).toEqual(['nothing of yq is new to the other store']);
  });

  it.each([
    ['a channel moved', [holdings([['yq', 1]], ['yq latest/stable 2'])]],
    ['it is not known what its channels hold', [holdings([['yq', 1]])]],
    [
      'what is known of a channel differs',
      [holdings([['yq', 1]], ['yq latest/stable 1']), holdings([], ['yq latest/stable 2'])],
    ],
  ])('says what is released although no file is new, where %s', async (_why, since) => {
    const { bundles } = await plan({ names: ['yq'], withPrerequisites: false, since });
    expect(files(bundles)).toEqual(['yq: yq']);
    expect(releases(bundles[0]!, 'yq')).toEqual(['latest/stable amd64 1 requested']);
  });

  it('does not take another file under the same number for the one that it has', async () => {
    const other = {
      ...holdings([['yq', 1]]),
      revisions: [{ snapId: of('yq'), name: 'yq', revision: 1, digest: digestOf('yq', 2) }],
    };
    expect(files((await plan({ names: ['yq'], withPrerequisites: false, since: [other] })).bundles)).toEqual([
      'yq: yq 1',
    ]);
  });
});
