const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * npm passes on a Ctrl-C that the terminal has sent to everybody already, so one press arrives twice. What comes within this
 * time of the first signal is the same wish.
 */
const SAME_WISH_MS = 1_000;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP. One that comes later, out of impatience, ends the process at once, as it
 * would have done without us.
 * @returns a function that gives the signals back
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): () => void {
  let since: number | null = null;
  const hear = (signal: NodeJS.Signals): void => {
    if (since === null) {
      since = performance.now();
      stop(signal);
    } else if (performance.now() - since > SAME_WISH_MS) {
      release();
      process.kill(process.pid, signal);
    }
  };
  const release = (): void => {
    for (const signal of STOP_SIGNALS) process.off(signal, hear);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, hear);
  return release;
}
