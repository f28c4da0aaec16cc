import { afterEach, describe, expect, it, vi } from 'vitest';

import { onStopSignal } from './stop-signals.js';

let release = (): void => undefined;

afterEach(() => {
  release();
  vi.restoreAllMocks();
});

describe(onStopSignal.name, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('stops at the first %s', (signal) => {
    const stop = vi.fn();
    release = onStopSignal(stop);
    process.emit(signal, signal);
    expect(stop).toHaveBeenCalledExactlyOnceWith(signal);
  });

  it('takes the signal that npm repeats for the same wish, and a later one for impatience', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const now = vi.spyOn(performance, 'now');
    const stop = vi.fn();
    release = onStopSignal(stop);
    now.mockReturnValue(5_000);
    process.emit('SIGINT', 'SIGINT');
    now.mockReturnValue(5_050);
    process.emit('SIGINT', 'SIGINT');
    expect(kill).not.toHaveBeenCalled();
    now.mockReturnValue(7_000);
    process.emit('SIGINT', 'SIGINT');
    expect(stop).toHaveBeenCalledOnce();
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGINT');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});
