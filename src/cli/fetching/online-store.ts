import type { ConnectedSide } from '../../connected-side.js';
import type { OnlineStore, OnlineStoreCaller, Pause } from '../../modules/upstream/index.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Progress } from '../progress.js';

const WORTH_TELLING_MS = 1000;

/**
 * The online store of a connected side, for as long as the store at hand may call out.
 * @param progress told of pauses that the online store asks for, or that trouble with it takes
 * @throws AirGappedError
 */
export async function openOnlineStore(
  { mode, settings }: ConnectedSide,
  what: string,
  caller: OnlineStoreCaller,
  progress: Progress,
): Promise<OnlineStore> {
  const { connectOnlineStore } = await import('../../modules/upstream/offline.js');
  const mayCallOut = (): void => {
    mode.mustBeOff(what);
  };
  mayCallOut();
  const userAgent = `snap-store-proxy/${packageVersion()}`;
  const onPause = ({ error, ms }: Pause): void => {
    if (ms < WORTH_TELLING_MS) return;
    const step = `waiting ${Math.round(ms / 1000)} seconds for ${error.where}: ${error.why}`;
    progress.report({ step, done: 0, total: null, unit: 'items' });
  };
  const onPauseEnd = (): void => {
    progress.end();
  };
  const retries = { onPause, onPauseEnd };
  return connectOnlineStore(settings, { mayCallOut, userAgent, retries }, caller);
}
