import { describe, expect, it } from 'vitest';

import type { BundleManifest } from '../../formats/bundle/index.js';
import type { SnapArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import { releasesOf } from './release-requests.js';

const NOW = new Date('2026-02-03T04:05:06Z');
const SNAP_ID = 'j'.repeat(32);
const PLAIN = { channel: null, replaceMap: false };

function entry(channel: string, revision: number, requested: boolean, architecture: SnapArchitecture = 'amd64') {
  return { architecture, channel: Channel.parse(channel), revision, releasedAt: '2025-01-01T00:00:00Z', requested };
}

function manifest(channelMap: ReturnType<typeof entry>[]): BundleManifest {
  return { snaps: [{ snapId: SNAP_ID, channelMap }] } as unknown as BundleManifest;
}

function lines({ requests }: ReturnType<typeof releasesOf>): string[] {
  return requests.map(({ channel, architecture, revision }) => `${channel} ${architecture} ${revision}`);
}

describe(releasesOf.name, () => {
  const carried = [
    { revision: 6, architectures: ['amd64', 'arm64'] },
    { revision: 7, architectures: ['amd64'] },
  ];

  it('releases a bundle to the channels that were asked for when it was fetched', () => {
    const map = manifest([entry('stable', 6, true), entry('edge', 7, false), entry('2.0/beta', 7, true, 'all')]);
    const releases = releasesOf(SNAP_ID, carried, map, PLAIN, NOW);
    expect(lines(releases)).toEqual(['latest/stable amd64 6', '2.0/beta all 7']);
    expect(releases.options).toEqual({ origin: 'import', replaceMap: false });
    expect(releases.requests[0]?.releasedAt).toEqual(new Date('2025-01-01T00:00:00Z'));
  });

  it('takes the whole channel map where that is asked for', () => {
    const map = manifest([entry('stable', 6, true), entry('edge', 7, false)]);
    const releases = releasesOf(SNAP_ID, carried, map, { ...PLAIN, replaceMap: true }, NOW);
    expect(lines(releases)).toEqual(['latest/stable amd64 6', 'latest/edge amd64 7']);
    expect(releases.options).toEqual({ origin: 'import', replaceMap: true });
  });

  it('releases a pair to latest/stable, the newest revision on each architecture', () => {
    const releases = releasesOf(SNAP_ID, carried, null, PLAIN, NOW);
    expect(lines(releases)).toEqual(['latest/stable amd64 7', 'latest/stable arm64 6']);
    expect(releases.options).toEqual({ origin: 'import' });
  });

  it('releases to a named channel as an operator does by hand', () => {
    const wish = { channel: Channel.parse('2.0/edge/fix'), replaceMap: false };
    const releases = releasesOf(SNAP_ID, carried, manifest([entry('stable', 6, true)]), wish, NOW);
    expect(lines(releases)).toEqual(['2.0/edge/fix amd64 7', '2.0/edge/fix arm64 6']);
    expect(releases.options).toEqual({ origin: 'hand' });
  });
});
