import { KeyProgressLine } from '../key-progress.js';
import type { Session } from '../session.js';
import { announceIdentity, noteFormerIdentity } from './announce-identity.js';
import { type BundleOptions, planBundle, prepareBundle, writeBundle } from './bundle-output.js';

/**
 * `register --self-issued`: the store is its own authority, needs nobody, and has no store assertion. With `--output`, or another
 * flag about it, the file that is carried across the gap is written too.
 */
export async function registerSelfIssued(session: Session, options: BundleOptions): Promise<undefined> {
  const { channel, arch, output, installPassword: password } = options;
  const isFileWanted = [channel, arch, output, password].some((flag) => flag !== undefined);
  const plan = isFileWanted ? await planBundle(options) : null;
  await session.withStore(async (store) => {
    const { RegistrationVerifier, SelfIssuing } = await import('../../modules/registration/index.js');
    const installPassword = plan === null ? null : await prepareBundle(session, plan);
    const { identity, before, madeKeys } = await KeyProgressLine.during(session, 'register', (onProgress) =>
      store.get(SelfIssuing).issue({ onProgress, signal: session.signal }),
    );
    if (madeKeys) session.out.note('keys were made for this store, which had none');
    if (plan === null) {
      announceIdentity(session, identity, before);
    } else {
      const { CertificateService } = await import('../../modules/https/index.js');
      const registration = store.get(RegistrationVerifier).selfIssued(identity);
      const certificate = await store.get(CertificateService).exportForBundle();
      await writeBundle(session, store, { plan, registration, installPassword, certificate });
      noteFormerIdentity(session, identity, before);
    }
    session.out.note('"snap-store-proxy client-config" prints how devices are pointed at its URL');
  });
}
