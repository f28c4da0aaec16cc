import { beforeEach, describe, expect, it, vi } from 'vitest';

import { type Change, type ChangeFeed, type ChangeListener, EVERYTHING } from '../database/change-feed.js';
import { WatchedCache } from './watched-cache.js';

describe(WatchedCache.name, () => {
  let listeners: ChangeListener[];
  let isConnected: boolean;
  let cache: WatchedCache<string>;
  const load = vi.fn<() => Promise<string>>();
  const tell = (change: Change): void => {
    for (const listener of listeners) listener(change);
  };

  beforeEach(() => {
    [listeners, isConnected] = [[], true];
    let read = 0;
    load.mockReset().mockImplementation(() => Promise.resolve(`read ${++read}`));
    const changes = {
      get isConnected() {
        return isConnected;
      },
      listen: (listener: ChangeListener) => {
        // Before anything was read, or a change in between would be missed.
        expect(load).not.toHaveBeenCalled();
        listeners.push(listener);
        return Promise.resolve();
      },
    };
    cache = new WatchedCache(changes as unknown as ChangeFeed, {
      maxBytes: 1_000,
      maxEntries: 10,
      sizeOf: () => 1,
      isStaleAfter: ({ topic }) => topic === 'mine',
    });
  });

  it('reads once, and then answers at once', async () => {
    expect(await cache.get('key', load)).toBe('read 1');
    expect(cache.get('key', load)).toBe('read 1');
    expect(await cache.get('other', load)).toBe('read 2');
    expect(listeners).toHaveLength(1);
  });

  it.each([
    ['reads again after a change that concerns it', { topic: 'mine', keys: ['whatever'] }, 'read 2'],
    ['reads again when changes may have been missed', EVERYTHING, 'read 2'],
    ['minds no other change', { topic: 'theirs', keys: [] }, 'read 1'],
  ])('%s', async (_what, change, expected) => {
    await cache.get('key', load);
    tell(change);
    expect(await cache.get('key', load)).toBe(expected);
  });

  it('does not trust what it remembers for long while nothing can be heard', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      await cache.get('key', load);
      isConnected = false;
      vi.advanceTimersByTime(999);
      expect(cache.get('key', load)).toBe('read 1');
      vi.advanceTimersByTime(2);
      expect(await cache.get('key', load)).toBe('read 2');
    } finally {
      vi.useRealTimers();
    }
  });
});
