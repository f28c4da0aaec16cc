import { describe, expect, it } from 'vitest';

import { FreshCache } from './fresh-cache.js';

interface Thing {
  readonly text: string;
}

function cacheOf(options: { isWatched?: () => boolean; maxBytes?: number; graceMs?: number } = {}): FreshCache<Thing> {
  return new FreshCache<Thing>({
    maxBytes: 1000,
    maxEntries: 10,
    sizeOf: ({ text }) => text.length,
    isWatched: () => true,
    graceMs: 0,
    ...options,
  });
}

function counted(text: string): { load: () => Promise<Thing>; count: () => number } {
  let loads = 0;
  return {
    load: () => {
      loads += 1;
      return Promise.resolve({ text });
    },
    count: () => loads,
  };
}

describe(FreshCache.name, () => {
  it('loads once, then answers without waiting', async () => {
    const cache = cacheOf();
    const { load, count } = counted('x');
    await cache.get('a', load);
    expect(cache.get('a', load)).toEqual({ text: 'x' });
    expect(count()).toBe(1);
  });

  it('lets all who ask at the same time wait for one load', async () => {
    const cache = cacheOf();
    const { load, count } = counted('x');
    await Promise.all([cache.get('a', load), cache.get('a', load), cache.get('a', load)]);
    expect(count()).toBe(1);
  });

  it('does not remember what changed while it was being loaded, and does not hand it to who asks afterwards', async () => {
    const cache = cacheOf();
    let finish: (thing: Thing) => void = () => undefined;
    const slow = cache.get('a', () => new Promise<Thing>((resolve) => (finish = resolve)));
    cache.forget('a');
    const later = cache.get('a', () => Promise.resolve({ text: 'new' }));
    finish({ text: 'old' });
    expect(await slow).toEqual({ text: 'old' });
    expect(await later).toEqual({ text: 'new' });
    expect(cache.get('a', () => Promise.reject(new Error('not asked')))).toEqual({ text: 'new' });
  });

  it('loads again after a failed load', async () => {
    const cache = cacheOf();
    await expect(cache.get('a', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    expect(await cache.get('a', counted('x').load)).toEqual({ text: 'x' });
  });

  it('loads again what it cannot be sure of', async () => {
    let isWatched = true;
    const cache = cacheOf({ isWatched: () => isWatched });
    const { load, count } = counted('x');
    await cache.get('a', load);
    isWatched = false;
    await cache.get('a', load);
    expect(count()).toBe(2);
  });

  it('holds no more than its bytes, nor anything larger than them for long', async () => {
    const cache = cacheOf({ maxBytes: 10 });
    const small = counted('123456');
    await cache.get('a', small.load);
    await cache.get('b', small.load);
    await cache.get('a', small.load);
    expect(small.count()).toBe(3);
  });

  it('lets go first of what was not asked for lately', async () => {
    const cache = cacheOf({ maxBytes: 2 });
    const { load, count } = counted('x');
    await cache.get('wanted', load);
    await cache.get('forgotten', load);
    for (let turn = 0; turn < 2000; turn++) await cache.get('wanted', load);
    await cache.get('new', load);
    expect(count()).toBe(3);
    await cache.get('wanted', load);
    expect(count()).toBe(3);
    await cache.get('forgotten', load);
    expect(count()).toBe(4);
  });

  it('counts what it holds anew when things are replaced, forgotten or all cleared', async () => {
    const cache = cacheOf({ maxBytes: 10 });
    const five = counted('12345');
    await cache.get('a', five.load);
    await cache.get('b', five.load);
    cache.forget('a');
    cache.forget('a');
    await cache.get('c', five.load);
    await cache.get('b', five.load);
    expect(five.count()).toBe(3);
    cache.clear();
    for (const key of ['d', 'e', 'd', 'e']) await cache.get(key, five.load);
    expect(five.count()).toBe(5);
  });

  it('lets something go where everything was asked for, and holds no more than its number', async () => {
    const cache = new FreshCache<Thing>({
      maxBytes: 10_000,
      maxEntries: 200,
      sizeOf: () => 1,
      isWatched: () => true,
      graceMs: 0,
    });
    const { load, count } = counted('x');
    for (let round = 0; round < 3; round++) {
      for (let number = 0; number < 200; number++) await cache.get(`${number}`, load);
    }
    expect(count()).toBe(200);
    await cache.get('new', load);
    for (let number = 0; number < 200; number++) await cache.get(`${number}`, load);
    // What was pushed out comes back and pushes out another; but not all of them in turn.
    expect(count()).toBeGreaterThan(201);
    expect(count()).toBeLessThan(210);
  });
});
