import { describe, expect, it } from 'vitest';

import { Queue } from './queue.js';

describe(Queue.name, () => {
  it('lets a few through at once, has a few wait, and turns the others away', async () => {
    const queue = new Queue(2, 3);
    let running = 0;
    let most = 0;
    const open: (() => void)[] = [];
    const results = Array.from({ length: 7 }, (_, index) =>
      queue.run(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => open.push(resolve));
        running -= 1;
        return index;
      }),
    );
    for (let done = 0; done < 5; done += 1) {
      await new Promise(setImmediate);
      open.shift()?.();
    }
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4, null, null]);
    expect(most).toBe(2);
  });

  it('goes on after a failure', async () => {
    const queue = new Queue(1, 1);
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run(() => Promise.resolve('yes'))).toBe('yes');
  });
});
