import { describe, expect, it } from 'vitest';

import { Settling } from './settling.js';
import type { WatchedEntry } from './watched-entries.js';

const SETTLE_MS = 3_000;

function entry(fingerprint: string, changedAtMs: number): WatchedEntry {
  return { name: 'a.tar.gz', files: ['a.tar.gz'], fingerprint, changedAtMs };
}

describe(Settling.name, () => {
  it('takes an old file at the second look, not at the first', () => {
    const settling = new Settling(SETTLE_MS);
    expect(settling.look([entry('1', 0)], 100_000)).toEqual([]);
    expect(settling.look([entry('1', 0)], 100_001)).toHaveLength(1);
  });

  it('waits until nothing has happened for a while', () => {
    const settling = new Settling(SETTLE_MS);
    settling.look([entry('1', 10_000)], 10_000);
    expect(settling.look([entry('1', 10_000)], 12_999)).toEqual([]);
    expect(settling.look([entry('2', 12_999)], 13_000)).toEqual([]);
    expect(settling.look([entry('2', 12_999)], 15_998)).toEqual([]);
    expect(settling.look([entry('2', 12_999)], 15_999)).toHaveLength(1);
  });

  it('goes by its own observation where the file has a time of the future', () => {
    const settling = new Settling(SETTLE_MS);
    settling.look([entry('1', 999_999)], 0);
    expect(settling.look([entry('1', 999_999)], 2_999)).toEqual([]);
    expect(settling.look([entry('1', 999_999)], 3_000)).toHaveLength(1);
  });

  it('forgets what was not there at the last look', () => {
    const settling = new Settling(SETTLE_MS);
    settling.look([entry('1', 0)], 10_000);
    settling.look([], 11_000);
    expect(settling.look([entry('1', 0)], 12_000)).toEqual([]);
  });
});
