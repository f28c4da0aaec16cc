import { describe, expect, it } from 'vitest';

import { ReadyResults } from './ready-results.js';

const WHOM = { architecture: 'amd64', trackingChannel: 'latest/stable', baseUrl: 'http://store' };

function result(text: string, whom: Partial<typeof WHOM> = {}) {
  return { ...WHOM, ...whom, revision: 7, pieces: [Buffer.from(text)] as const };
}

describe(ReadyResults.name, () => {
  const find = (ready: ReadyResults, { architecture, trackingChannel, baseUrl } = WHOM) =>
    ready.find(architecture, trackingChannel, baseUrl)?.pieces[0].toString() ?? null;

  it.each<Partial<typeof WHOM>>([
    { architecture: 'arm64' },
    { trackingChannel: 'stable' },
    { baseUrl: 'https://store' },
  ])('gives a result only for whom it was made: not for %o', (other) => {
    const ready = new ReadyResults(100);
    ready.keep(result('mine'));
    expect(find(ready)).toBe('mine');
    expect(find(ready, { ...WHOM, ...other })).toBeNull();
    ready.keep(result('other', other));
    expect([find(ready), find(ready, { ...WHOM, ...other })]).toEqual(['mine', 'other']);
  });

  it('keeps no more bytes than it may, the latest ones, and nothing that is too large by itself', () => {
    const ready = new ReadyResults(10);
    ready.keep(result('123456'));
    ready.keep(result('more than that', { architecture: 'i386' }));
    expect(find(ready)).toBe('123456');
    ready.keep(result('78901', { architecture: 'arm64' }));
    expect([find(ready), find(ready, { ...WHOM, architecture: 'arm64' })]).toEqual([null, '78901']);
  });

  it('does not grow with the channels that devices make up', () => {
    const ready = new ReadyResults(1_000_000);
    for (let number = 0; number < 100; number++) ready.keep(result('x', { trackingChannel: `latest/edge/${number}` }));
    const kept = Array.from({ length: 100 }, (_, number) =>
      find(ready, { ...WHOM, trackingChannel: `latest/edge/${number}` }),
    );
    expect(kept.filter((found) => found !== null)).toHaveLength(4);
    expect(kept.at(-1)).toBe('x');
  });
});
