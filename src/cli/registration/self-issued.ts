import { KeyProgressLine } from '../key-progress.js';
import type { Session } from '../session.js';
import { announceIdentity } from './announce-identity.js';

/** `register --self-issued`: the store is its own authority, needs nobody, and has no store assertion. */
export async function registerSelfIssued(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SelfIssuing } = await import('../../modules/registration/index.js');
    const { identity, before, madeKeys } = await KeyProgressLine.during(session, 'register', (onProgress) =>
      store.get(SelfIssuing).issue({ onProgress, signal: session.signal }),
    );
    if (madeKeys) session.out.note('keys were made for this store, which had none');
    announceIdentity(session, identity, before);
    session.out.note('"snap-store-proxy client-config" prints how devices are pointed at its URL');
  });
}
