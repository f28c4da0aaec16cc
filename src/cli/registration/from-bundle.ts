import type { Session } from '../session.js';
import { announceIdentity } from './announce-identity.js';
import { INSTALL_PASSWORD_VARIABLE } from './bundle-output.js';

/**
 * `register --from-bundle FILE`: becomes the store that an `offline-snap-store.tar.gz` or a `registration_bundle.b64` was made
 * for. The file is read before this process may lose the right to.
 */
export async function registerFromBundle(session: Session, file: string): Promise<undefined> {
  const [{ readCarriedFile, RegistrationIntake, StoreIdentityService }, { environmentVariable }] = await Promise.all([
    import('../../modules/registration/index.js'),
    import('../../platform/config/environment.js'),
  ]);
  const carried = await readCarriedFile(file, session.signal);
  await session.withStore(async (store) => {
    const before = await store.get(StoreIdentityService).current();
    const identity = await store
      .get(RegistrationIntake)
      .take(carried, { password: environmentVariable(INSTALL_PASSWORD_VARIABLE) });
    announceIdentity(session, identity, before);
  });
}
