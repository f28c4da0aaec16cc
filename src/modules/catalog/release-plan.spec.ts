import { describe, expect, it } from 'vitest';

import { planReleases, type ReleaseOptions } from './release-plan.js';
import type { ReleaseRow } from './releases-in-force.js';
import type { ReleaseOrigin } from './entities/release.entity.js';

const AT = new Date('2026-01-01T00:00:00Z');

type Given = readonly [architecture: string, channel: string, revision: number | null, origin?: ReleaseOrigin];

/** In the order in which they were written. */
function newest(...rows: Given[]): ReleaseRow[] {
  return rows.map(([architecture, channel, revision, origin = 'import'], index) => {
    return { id: String(index + 1), architecture, channel, revision, origin, releasedAt: AT };
  });
}

function plan(
  rows: ReleaseRow[],
  requests: readonly (readonly [architecture: string, channel: string, revision: number])[],
  options: ReleaseOptions = { origin: 'import' },
): { rows: string[]; moves: string[] } {
  const asked = requests.map(([architecture, channel, revision]) => ({
    architecture,
    channel,
    revision,
    releasedAt: AT,
  }));
  const planned = planReleases('jq', rows, asked, options);
  return {
    rows: planned.rows.map((row) => `${row.architecture} ${row.channel} ${String(row.revision)} ${row.origin}`),
    moves: planned.moves.map(
      (move) => `${move.architecture} ${move.channel} ${String(move.from)}>${String(move.to)} ${move.outcome}`,
    ),
  };
}

describe(planReleases.name, () => {
  it('opens what was not there and moves what was', () => {
    expect(
      plan(newest(['amd64', 's', 5]), [
        ['amd64', 's', 6],
        ['amd64', 'e', 7],
      ]),
    ).toEqual({
      rows: ['amd64 s 6 import', 'amd64 e 7 import'],
      moves: ['amd64 s 5>6 moved', 'amd64 e null>7 moved'],
    });
  });

  it('writes nothing where nothing changes', () => {
    expect(plan(newest(['amd64', 's', 6]), [['amd64', 's', 6]])).toEqual({
      rows: [],
      moves: ['amd64 s 6>6 unchanged'],
    });
  });

  it('reopens a channel that was closed', () => {
    expect(plan(newest(['amd64', 's', null, 'hand']), [['amd64', 's', 6]]).rows).toEqual(['amd64 s 6 import']);
  });

  it('keeps what an operator released by hand where that is newer, and only there', () => {
    expect(plan(newest(['amd64', 's', 7, 'hand']), [['amd64', 's', 6]])).toEqual({
      rows: [],
      moves: ['amd64 s 7>7 kept'],
    });
    expect(plan(newest(['amd64', 's', 5, 'hand']), [['amd64', 's', 6]]).moves).toEqual(['amd64 s 5>6 moved']);
    expect(plan(newest(['amd64', 's', 7, 'import']), [['amd64', 's', 6]]).moves).toEqual(['amd64 s 7>6 moved']);
  });

  it('lets an operator go back', () => {
    expect(plan(newest(['amd64', 's', 7, 'hand']), [['amd64', 's', 6]], { origin: 'hand' }).moves).toEqual([
      'amd64 s 7>6 moved',
    ]);
  });

  it('sees through to the row for all architectures', () => {
    expect(plan(newest(['all', 's', 6]), [['amd64', 's', 6]])).toEqual({ rows: [], moves: ['amd64 s 6>6 unchanged'] });
    expect(plan(newest(['amd64', 's', 5], ['all', 's', 6]), [['amd64', 's', 6]]).rows).toEqual([]);
  });

  it('keeps a narrower release by hand in force beside one for all', () => {
    expect(plan(newest(['all', 's', 5], ['amd64', 's', 9, 'hand']), [['all', 's', 6]])).toEqual({
      rows: ['all s 6 import', 'amd64 s 9 hand'],
      moves: ['all s 5>6 moved', 'amd64 s 9>9 kept'],
    });
  });

  it('takes a later narrower row for a difference', () => {
    expect(plan(newest(['all', 's', 6], ['amd64', 's', 5]), [['all', 's', 6]]).rows).toEqual(['all s 6 import']);
  });

  describe('replacing the map', () => {
    const options = { origin: 'import', replaceMap: true } as const;

    it('closes what the requests do not name, and what an operator did gives way', () => {
      const before = newest(
        ['amd64', 's', 9, 'hand'],
        ['amd64', 'b', 8, 'hand'],
        ['arm64', 's', 4],
        ['amd64', 'x', null],
      );
      expect(plan(before, [['amd64', 's', 6]], options)).toEqual({
        rows: ['amd64 b null import', 'arm64 s null import', 'amd64 s 6 import'],
        moves: ['amd64 b 8>null moved', 'arm64 s 4>null moved', 'amd64 s 9>6 moved'],
      });
    });

    it('leaves open for one architecture what it closes for all', () => {
      expect(plan(newest(['all', 's', 6]), [['amd64', 's', 6]], options)).toEqual({
        rows: ['all s null import', 'amd64 s 6 import'],
        moves: ['all s 6>null moved', 'amd64 s 6>6 moved'],
      });
    });

    it('changes nothing where the map is the same', () => {
      const before = newest(['all', 's', 6], ['amd64', 'e', 7]);
      expect(
        plan(
          before,
          [
            ['all', 's', 6],
            ['amd64', 'e', 7],
          ],
          options,
        ).rows,
      ).toEqual([]);
    });
  });
});
