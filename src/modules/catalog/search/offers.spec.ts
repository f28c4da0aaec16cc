import { describe, expect, it } from 'vitest';

import type { ReleaseRow } from '../releases-in-force.js';
import { offerFor, type Offers, offersOf } from './offers.js';

const AT = new Date('2026-01-01T00:00:00Z');
const ANY = { architecture: 'amd64', confinements: null, channel: null, commonId: null };

/** `[architecture, channel, revision]`, the older first. */
function offers(
  releases: readonly (readonly [string, string, number | null])[],
  { defaultTrack = null, architectures = ['amd64'] }: { defaultTrack?: string | null; architectures?: string[] } = {},
): Offers {
  const revision = (number: number) => ({
    revision: number,
    architectures,
    epoch: { read: [0], write: [0] },
    version: `${number}.0`,
    type: 'app',
    confinement: number >= 10 ? 'classic' : 'strict',
    base: null,
    commonIds: number === 3 ? ['org.example.Three'] : [],
    sizeBytes: 1,
    createdAt: AT,
  });
  return offersOf({
    defaultTrack,
    revisions: new Map([1, 2, 3, 10].map((number) => [number, revision(number)])),
    releases: releases.map(([architecture, channel, number], id): ReleaseRow => {
      return { id: String(id + 1), architecture, channel, revision: number, origin: 'import', releasedAt: AT };
    }),
    past: [],
  });
}

const told = (all: Offers, question: Partial<typeof ANY> | Record<string, unknown> = {}) => {
  const found = offerFor(all, { ...ANY, ...question });
  return found === null ? null : [found.channel, found.revision];
};

describe(offerFor.name, () => {
  it('takes the safest channel of the default track', () => {
    const releases = [
      ['amd64', '2.0/stable', 1],
      ['amd64', 'latest/edge', 2],
      ['amd64', 'latest/beta', 3],
    ] as const;
    expect(told(offers(releases))).toEqual(['beta', 3]);
    expect(told(offers(releases, { defaultTrack: '2.0' }))).toEqual(['2.0/stable', 1]);
  });

  it('shows no branches', () => {
    expect(told(offers([['amd64', 'latest/stable/fix', 1]]))).toBeNull();
  });

  it('passes over what is not confined as the device wants it', () => {
    const all = offers([
      ['amd64', 'latest/stable', 10],
      ['amd64', 'latest/edge', 2],
    ]);
    expect(told(all, { confinements: ['strict'] })).toEqual(['edge', 2]);
    expect(told(all, { confinements: ['strict', 'classic'] })).toEqual(['stable', 10]);
    expect(told(all, { confinements: ['devmode'] })).toBeNull();
  });

  it('looks for the revision that has the common-id', () => {
    const all = offers([
      ['amd64', 'latest/stable', 1],
      ['amd64', 'latest/edge', 3],
    ]);
    expect(told(all, { commonId: 'org.example.Three' })).toEqual(['edge', 3]);
  });

  it('takes for a channel that is closed the next safer one, in the default track where none is named', () => {
    const all = offers(
      [
        ['amd64', '2.0/candidate', 1],
        ['amd64', 'latest/stable', 2],
      ],
      { defaultTrack: '2.0' },
    );
    expect(told(all, { channel: 'edge' })).toEqual(['2.0/candidate', 1]);
    expect(told(all, { channel: 'stable' })).toBeNull();
    expect(told(all, { channel: 'latest/edge' })).toEqual(['stable', 2]);
  });

  it('has for each architecture what is for it, or for all', () => {
    const all = offers(
      [
        ['all', 'latest/stable', 1],
        ['arm64', 'latest/stable', 2],
        ['riscv64', 'latest/stable', null],
      ],
      { architectures: ['all'] },
    );
    expect(told(all, { architecture: 'amd64' })).toEqual(['stable', 1]);
    expect(told(all, { architecture: 'arm64' })).toEqual(['stable', 2]);
    expect(told(all, { architecture: 'riscv64' })).toBeNull();
    expect(told(all, { architecture: 'constructor' })).toEqual(['stable', 1]);
    expect(told(offers([['amd64', 'latest/stable', 1]]), { architecture: 'arm64' })).toBeNull();
    expect(told(offers([['amd64', 'latest/stable', 1]]), { architecture: null })).toEqual(['stable', 1]);
  });
});
