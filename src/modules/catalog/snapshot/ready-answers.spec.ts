import { describe, expect, it } from 'vitest';

import { ReadyAnswers } from './ready-answers.js';

const WHOM = { architecture: 'amd64', asked: 'latest/stable', baseUrl: 'http://store' };

const keep = (ready: ReadyAnswers<string>, text: string, whom: Partial<typeof WHOM> = {}): boolean =>
  ready.keep({ ...WHOM, ...whom }, text, text.length);

describe(ReadyAnswers.name, () => {
  const find = (ready: ReadyAnswers<string>, { architecture, asked, baseUrl } = WHOM) =>
    ready.find(architecture, asked, baseUrl);

  it.each<Partial<typeof WHOM>>([{ architecture: 'arm64' }, { asked: 'stable' }, { baseUrl: 'https://store' }])(
    'gives a result only for whom it was made: not for %o',
    (other) => {
      const ready = new ReadyAnswers<string>(100);
      keep(ready, 'mine');
      expect(find(ready)).toBe('mine');
      expect(find(ready, { ...WHOM, ...other })).toBeNull();
      keep(ready, 'other', other);
      expect([find(ready), find(ready, { ...WHOM, ...other })]).toEqual(['mine', 'other']);
    },
  );

  it('keeps no more bytes than it may, the latest ones, and nothing that is too large by itself', () => {
    const ready = new ReadyAnswers<string>(10);
    keep(ready, '123456');
    expect(keep(ready, 'more than that', { architecture: 'i386' })).toBe(false);
    expect(find(ready)).toBe('123456');
    keep(ready, '78901', { architecture: 'arm64' });
    expect([find(ready), find(ready, { ...WHOM, architecture: 'arm64' })]).toEqual([null, '78901']);
  });

  it('does not grow with the channels that devices make up', () => {
    const ready = new ReadyAnswers<string>(1_000_000);
    for (let number = 0; number < 100; number++) keep(ready, 'x', { asked: `latest/edge/${number}` });
    const kept = Array.from({ length: 100 }, (_, number) => find(ready, { ...WHOM, asked: `latest/edge/${number}` }));
    expect(kept.filter((found) => found !== null)).toHaveLength(4);
    expect(kept.at(-1)).toBe('x');
  });
});
