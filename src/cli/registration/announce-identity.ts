import type { StoreIdentity } from '../../modules/registration/index.js';
import type { Session } from '../session.js';

/** Says who the store is now, and what that means for devices that knew it as somebody else. */
export function announceIdentity(session: Session, identity: StoreIdentity, before: StoreIdentity | null): void {
  const { storeId, url, origin, keyId, registeredAt } = identity;
  session.out.result({ storeId, url, origin, keyId, registeredAt: registeredAt.toISOString() }, () =>
    [`Store URL: ${url}`, `Store ID: ${storeId ?? 'not registered (self-issued)'}`].join('\n'),
  );
  noteFormerIdentity(session, identity, before);
}

export function noteFormerIdentity(
  session: Session,
  { storeId, url }: Pick<StoreIdentity, 'storeId' | 'url'>,
  before: StoreIdentity | null,
): void {
  if (before === null || (before.storeId === storeId && before.url === url)) return;
  const name = before.storeId === null ? before.url : `${before.storeId} (${before.url})`;
  session.out.note(`this store was ${name} before: devices that know it as that have to be pointed at it anew`);
}
