import { setTimeout as sleep } from 'node:timers/promises';

import { UpstreamUnreachableError } from './http.errors.js';

export interface RetryOptions {
  /** The first one included. */
  readonly tries: number;
  /** Before the second try; it doubles from try to try. */
  readonly firstPauseMs: number;
  /** The longest that a server may ask to be waited for. */
  readonly longestPauseMs: number;
  /** Told before each pause. */
  readonly onPause?: (pause: Pause) => void;
  /** Told after each, however it ended. */
  readonly onPauseEnd?: () => void;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 to 1. */
  readonly random?: () => number;
}

export interface Pause {
  readonly error: UpstreamUnreachableError;
  readonly ms: number;
}

export const RETRIES: RetryOptions = { tries: 5, firstPauseMs: 500, longestPauseMs: 120_000 };

/**
 * Tries again what failed for a reason that may pass, after pauses that grow and are never the same for two clients, or that the
 * server asks for.
 */
export class Retries {
  private readonly options: RetryOptions;

  constructor(options: Partial<RetryOptions> = {}) {
    this.options = { ...RETRIES, ...options };
  }

  /** @throws what the last try threw, in words that say how many there were; the signal's reason */
  async run<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof UpstreamUnreachableError) || error.retry === null) throw error;
        if (tries >= this.options.tries) throw afterAll(error, `${error.why}, ${tries} times`);
        const ms = error.retry.afterMs ?? this.pauseMs(tries);
        if (ms > this.options.longestPauseMs) throw afterAll(error, `${error.why}, and asks to wait ${inWords(ms)}`);
        this.options.onPause?.({ error, ms });
        await this.pause(ms, signal).finally(() => this.options.onPauseEnd?.());
      }
    }
  }

  /** Between half of it and all of it. */
  private pauseMs(tries: number): number {
    const { random = Math.random, firstPauseMs } = this.options;
    return Math.round(firstPauseMs * 2 ** (tries - 1) * (0.5 + random() / 2));
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.options.sleep !== undefined) return this.options.sleep(ms, signal);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}

function afterAll(error: UpstreamUnreachableError, why: string): UpstreamUnreachableError {
  return new UpstreamUnreachableError(error.where, why, { cause: error });
}

function inWords(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
