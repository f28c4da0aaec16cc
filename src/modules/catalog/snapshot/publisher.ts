import type { Assertion } from '../../../formats/assertion/index.js';
import type { Publisher } from '../resolution/catalog-entry.js';

/** @param account the account assertion; null where it is not held, so that nothing but the id is known */
export function publisherOf(accountId: string, account: Assertion | null): Publisher {
  const text = (header: string, otherwise: string): string => {
    const value = account?.text(header) ?? '';
    return value === '' ? otherwise : value;
  };
  const validation = text('validation', 'unproven');
  return {
    id: accountId,
    username: text('username', accountId),
    'display-name': text('display-name', accountId),
    // Accounts of long ago say certified (snapd: asserts/account.go).
    validation: validation === 'certified' ? 'verified' : validation,
  };
}
