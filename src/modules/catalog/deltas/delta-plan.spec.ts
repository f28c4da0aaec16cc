import { describe, expect, it } from 'vitest';

import { EPOCH_ZERO } from '../../../kernel/epoch.js';
import { type DeltaSource, wantedDeltas } from './delta-plan.js';

interface Given {
  /** By number: architectures, and the size where that counts. */
  readonly held: Readonly<Record<number, readonly [string[], number?]>>;
  /** `channel architecture revision`. */
  readonly released: readonly string[];
}

function source({ held, released }: Given): DeltaSource {
  return {
    defaultTrack: null,
    past: [],
    revisions: new Map(
      Object.entries(held).map(([revision, [architectures, sizeBytes = 100]]) => [
        Number(revision),
        { revision: Number(revision), architectures, epoch: EPOCH_ZERO, sizeBytes },
      ]),
    ),
    releases: released.map((line, index) => {
      const [channel = '', architecture = '', revision] = line.split(' ');
      const releasedAt = new Date(0);
      const number = revision === '-' ? null : Number(revision);
      return { id: String(index + 1), channel, architecture, revision: number, origin: 'import', releasedAt };
    }),
  };
}

const amd64 = [['amd64']] as const satisfies readonly [string[]];
const five: Given['held'] = { 1: amd64, 2: amd64, 3: amd64, 4: amd64, 5: amd64 };

describe(wantedDeltas.name, () => {
  const RULES = { revisions: 2, maxSnapBytes: 1_000 };
  const wanted = (given: Given, rules: Partial<typeof RULES> = {}): string[] =>
    wantedDeltas(source(given), { ...RULES, ...rules }).map(
      ({ sourceRevision, targetRevision }) => `${sourceRevision}>${targetRevision}`,
    );

  it.each<[string, Given, string[]]>([
    ['nothing is released', { held: five, released: [] }, []],
    ['the channel was closed', { held: five, released: ['latest/stable amd64 -'] }, []],
    ['the newest is released', { held: five, released: ['latest/stable amd64 5'] }, ['4>5', '3>5']],
    ['an older one is released', { held: five, released: ['latest/stable amd64 3'] }, ['2>3', '1>3']],
    ['the first is released', { held: five, released: ['latest/stable amd64 1'] }, []],
    [
      'several channels hold others, branches too',
      { held: five, released: ['latest/stable amd64 4', 'latest/edge/fix amd64 5', '1.0/stable amd64 4'] },
      ['4>5', '3>5', '3>4', '2>4'],
    ],
    ['it is released for all', { held: five, released: ['latest/stable all 5'] }, ['4>5', '3>5']],
    ['it runs everywhere', { held: { 1: [['all']], 2: [['all']] }, released: ['latest/stable all 2'] }, ['1>2']],
    [
      'architectures have revisions of their own',
      {
        held: { 1: [['amd64']], 2: [['arm64']], 3: [['amd64']], 4: [['arm64']], 5: [['amd64', 'arm64']] },
        released: ['latest/stable amd64 3', 'latest/stable arm64 5'],
      },
      ['4>5', '2>5', '1>3'],
    ],
  ])('where %s', (_what, given, expected) => {
    expect(wanted(given)).toEqual(expected);
  });

  it('goes back as far as it is told', () => {
    const given = { held: five, released: ['latest/stable amd64 5'] };
    expect(wanted(given, { revisions: 1 })).toEqual(['4>5']);
    expect(wanted(given, { revisions: 9 })).toEqual(['4>5', '3>5', '2>5', '1>5']);
  });

  it('leaves out files that are too large, whichever of the two it is', () => {
    const held: Given['held'] = { ...five, 4: [['amd64'], 1_001] };
    expect(wanted({ held, released: ['latest/stable amd64 5'] })).toEqual(['3>5']);
    expect(wanted({ held, released: ['latest/stable amd64 4'] })).toEqual([]);
  });
});
