import { describe, expect, it } from 'vitest';

import type { SnapArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import type { HeldRelease, Holdings } from './index.js';
import { KnownReleases } from './index.js';

const snapId = 'j'.repeat(32);

/** `amd64 stable 6`. */
function line(text: string): HeldRelease {
  const [architecture = '', channel = '', revision = ''] = text.split(' ');
  return {
    snapId,
    architecture: architecture as SnapArchitecture,
    channel: Channel.parse(channel),
    revision: Number(revision),
  };
}

/** Of this day of January. */
function holdings(day: number, ...lines: readonly string[]): Holdings {
  const created = `2026-01-0${day}T00:00:00Z`;
  return { source: 'x', created, revisions: [], components: [], media: [], releases: lines.map(line) };
}

describe(KnownReleases.name, () => {
  it.each<[string, boolean, Holdings[]]>([
    ['amd64 stable 6', true, [holdings(1, 'amd64 stable 6')]],
    ['amd64 stable 7', false, [holdings(1, 'amd64 stable 6')]],
    ['amd64 edge 6', false, [holdings(1, 'amd64 stable 6')]],
    ['arm64 stable 6', false, [holdings(1, 'amd64 stable 6')]],
    ['amd64 stable 6', true, [holdings(1, 'all stable 6')]],
    ['amd64 stable 6', false, [holdings(1, 'all stable 6', 'amd64 stable 5')]],
    ['amd64 stable 5', true, [holdings(1, 'amd64 stable 5', 'all stable 6')]],
    ['all stable 6', true, [holdings(1, 'all stable 6')]],
    ['all stable 6', false, [holdings(1, 'all stable 6', 'amd64 stable 5')]],
    ['all stable 6', false, [holdings(1, 'amd64 stable 6')]],
    ['amd64 stable 6', true, [holdings(2, 'amd64 stable 6'), holdings(1, 'amd64 stable 5')]],
    ['amd64 stable 5', false, [holdings(2, 'all stable 6'), holdings(1, 'amd64 stable 5')]],
    ['amd64 stable 7', true, [holdings(1, 'all stable 6'), holdings(2, 'amd64 stable 7')]],
    ['amd64 stable 6', false, []],
  ])('says whether %s is there: %s', (release, isThere, known) => {
    expect(new KnownReleases(known).has(line(release))).toBe(isThere);
  });

  it('keeps snaps apart', () => {
    expect(
      new KnownReleases([holdings(1, 'amd64 stable 6')]).has({ ...line('amd64 stable 6'), snapId: 'k'.repeat(32) }),
    ).toBe(false);
  });
});
