import { describe, expect, it } from 'vitest';

import { InTurn } from './in-turn.js';

describe('works in turn', () => {
  it('begin when the one before has ended, in the order in which they came', async () => {
    const inTurn = new InTurn();
    const seen: string[] = [];
    const work = (name: string, ms: number) =>
      inTurn.run(async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, ms));
        seen.push(`${name} ends`);
        return name;
      });
    expect(await Promise.all([work('first', 20), work('second', 1)])).toEqual(['first', 'second']);
    expect(seen).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('go on after one that has failed, which is told to who asked for it', async () => {
    const inTurn = new InTurn();
    const failing = inTurn.run(() => Promise.reject(new Error('no')));
    const next = inTurn.run(() => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });
});
