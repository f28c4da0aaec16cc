import type { INestApplicationContext } from '@nestjs/common';

import type { OnlineStore, OnlineStoreCaller } from '../../modules/upstream/index.js';
import { packageVersion } from '../program-version.js';

/** The online store of a connected side, for as long as the store at hand may call out. @throws AirGappedError */
export async function openOnlineStore(
  store: INestApplicationContext,
  what: string,
  caller: OnlineStoreCaller,
): Promise<OnlineStore> {
  const [{ connectOnlineStore }, { Settings }, { AirgapMode }] = await Promise.all([
    import('../../modules/upstream/index.js'),
    import('../../platform/config/settings.js'),
    import('../../modules/airgap-policy/index.js'),
  ]);
  const mode = store.get(AirgapMode);
  const mayCallOut = (): void => {
    mode.mustBeOff(what);
  };
  mayCallOut();
  const userAgent = `snap-store-proxy/${packageVersion()}`;
  return connectOnlineStore(store.get(Settings), { mayCallOut, userAgent }, caller);
}
