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
});
