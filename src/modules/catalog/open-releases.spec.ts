import { describe, expect, it } from 'vitest';

import { openReleases } from './open-releases.js';
import { inForce, type ReleaseRow } from './releases-in-force.js';

const releasedAt = new Date('2026-01-01T00:00:00Z');
const held = new Set([1, 2, 3]);

/** `amd64 stable 3`, the later the newer; `-` closes. */
function rows(...lines: readonly string[]): ReleaseRow[] {
  return lines.map((line, index) => {
    const [architecture = '', risk = '', revision = ''] = line.split(' ');
    const id = String(index + 1);
    const number = revision === '-' ? null : Number(revision);
    return { id, architecture, channel: `latest/${risk}`, revision: number, origin: 'import', releasedAt };
  });
}

describe(openReleases.name, () => {
  it.each<[string, string[], string[]]>([
    ['what is open', ['amd64 stable 1', 'arm64 edge 2'], ['latest/edge arm64 2', 'latest/stable amd64 1']],
    ['nothing that is closed', ['amd64 stable -', 'amd64 edge 2'], ['latest/edge amd64 2']],
    ['nothing that is not held', ['amd64 stable 9', 'amd64 edge 2'], ['latest/edge amd64 2']],
    ['one line for all', ['all stable 1'], ['latest/stable all 1']],
    ['what came after it', ['all stable 1', 'arm64 stable 2'], ['latest/stable all 1', 'latest/stable arm64 2']],
    ['not what came before it', ['arm64 stable 2', 'all stable 1'], ['latest/stable all 1']],
    ['nothing twice', ['all stable 1', 'arm64 stable 1'], ['latest/stable all 1']],
    ['what is open although all are closed', ['all stable -', 'arm64 stable 2'], ['latest/stable arm64 2']],
    ['nothing where all were closed later', ['arm64 stable 2', 'all stable -'], []],
  ])('gives %s', (_what, given, expected) => {
    const lines = openReleases(rows(...given), held);
    expect(lines.map(({ channel, architecture, revision }) => `${channel} ${architecture} ${revision}`)).toEqual(
      expected,
    );
  });

  it('names the architectures where one of them is closed and the others are not', () => {
    const lines = openReleases(rows('all stable 1', 'arm64 stable -', 's390x stable 3'), held);
    expect(lines.map(({ architecture, revision }) => `${architecture} ${revision}`)).toEqual([
      'amd64 1',
      'armhf 1',
      'i386 1',
      'powerpc 1',
      'ppc64el 1',
      'riscv64 1',
      's390x 3',
    ]);
  });

  it.each([
    ['all stable 1', 'arm64 stable -', 's390x stable 3'],
    ['arm64 stable 2', 'all stable 1', 's390x stable -', 'amd64 stable 1'],
    ['amd64 stable 3', 'all stable -', 'arm64 stable 2'],
  ])('says the same to every device when it is applied in order: %s, %s, %s', (...given) => {
    const before = rows(...given);
    const after = openReleases(before, held).map((line, index): ReleaseRow => {
      return { ...line, id: String(index + 1), origin: 'import' };
    });
    for (const architecture of ['amd64', 'arm64', 's390x', 'riscv64']) {
      const [one, other] = [before, after].map((all) => inForce(all, architecture, 'latest/stable')?.revision ?? null);
      expect(other, architecture).toBe(one);
    }
  });
});
