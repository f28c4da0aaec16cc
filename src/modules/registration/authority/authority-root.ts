import {
  type Assertion,
  AssertionRefusedError,
  builtinRoots,
  signAssertion,
  type SigningKey,
  TrustedRoots,
} from '../../../formats/assertion/index.js';
import { AuthorityRootUnfitError } from './authority.errors.js';

/** What snapd takes for an account id that somebody chose himself. */
const ACCOUNT_ID = /^[a-z0-9](?:-?[a-z0-9])+$/;
const MAX_ACCOUNT_ID = 28;

/** A root of trust: an account, the key that signs in its name, and what both stand on. */
export interface AuthorityRoot {
  readonly accountId: string;
  readonly keyId: string;
  /** Everything that has to be trusted, the account first. */
  readonly assertions: readonly Assertion[];
}

/** A new root that signs itself. @throws AuthorityRootUnfitError for a name that cannot be an account's */
export function makeRoot(accountId: string, key: SigningKey, now: Date): AuthorityRoot {
  if (!ACCOUNT_ID.test(accountId) || accountId.length > MAX_ACCOUNT_ID) {
    throw new AuthorityRootUnfitError(
      `"${accountId.slice(0, 60)}" cannot be the name of an authority: lower case letters, digits and single dashes, 2 to ${MAX_ACCOUNT_ID} of them`,
    );
  }
  const at = timestamp(now);
  const account = signAssertion({
    type: 'account',
    headers: {
      'authority-id': accountId,
      'account-id': accountId,
      'display-name': accountId,
      username: accountId,
      validation: 'verified',
      timestamp: at,
    },
    key,
    signedAt: now,
  });
  const accountKey = signAssertion({
    type: 'account-key',
    headers: {
      'authority-id': accountId,
      'public-key-sha3-384': key.id,
      'account-id': accountId,
      name: 'root',
      since: at,
    },
    body: key.publicKey.encode(),
    key,
    signedAt: now,
  });
  return checked({ accountId, keyId: key.id, assertions: [account, accountKey] });
}

/**
 * A root that is there already: its account, the account-key of the key, and all that these stand on.
 * @throws AuthorityRootUnfitError saying what does not fit together
 */
export function readRoot(assertions: readonly Assertion[], key: SigningKey): AuthorityRoot {
  const accountKey = assertions.find(({ type, primaryKey }) => type.name === 'account-key' && primaryKey[0] === key.id);
  if (accountKey === undefined) throw new AuthorityRootUnfitError(`no account-key is about the given key (${key.id})`);
  const accountId = accountKey.text('account-id');
  const account = assertions.find(({ type, primaryKey }) => type.name === 'account' && primaryKey[0] === accountId);
  if (account === undefined)
    throw new AuthorityRootUnfitError(`the account "${accountId}" of the key is not among what was given`);
  return checked({ accountId, keyId: key.id, assertions: [account, ...assertions.filter((one) => one !== account)] });
}

/** What a device that trusts the root alone needs beside an assertion of this authority: the keys between the two. */
export function chainBelowRoot(assertions: readonly Assertion[]): Assertion[] {
  return assertions.filter(
    ({ type, signKeyId, primaryKey }) => type.name === 'account-key' && signKeyId !== primaryKey[0],
  );
}

/** As assertions write it: to the second, in UTC. */
export function timestamp(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}

function checked(root: AuthorityRoot): AuthorityRoot {
  // Nothing that it signed could be told from Canonical's.
  if (builtinRoots().isTrustedAccount(root.accountId)) {
    throw new AuthorityRootUnfitError(`"${root.accountId}" is an account that every device trusts already`);
  }
  try {
    TrustedRoots.of(root.assertions);
  } catch (error) {
    if (!(error instanceof AssertionRefusedError)) throw error;
    throw new AuthorityRootUnfitError(`this is no root of trust: ${error.message}`, {}, { cause: error });
  }
  return root;
}
