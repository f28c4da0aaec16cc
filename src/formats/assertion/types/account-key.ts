import { InvalidOpenPgpError, RsaPublicKey } from '../../openpgp/index.js';
import type { Assertion } from '../assertion.js';
import { AssertionRef } from '../assertion-ref.js';
import { compileAttributeConstraints } from '../attribute-constraints.js';
import {
  checkMap,
  checkMatches,
  checkNotEmpty,
  checkSinceUntil,
  checkMaps,
  isValidAt,
  rule,
  type Validity,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { accountType } from './account.js';
import { refused, requireKnown, requireTrustedAuthority } from './consistency.js';
import { defineType } from './define.js';

const KEY_NAME = /^(?=[a-z0-9-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** What Go's regexp.QuoteMeta would put a backslash before. */
const REGEXP_CHARACTER = /[\\.+*?()|[\]{}^$]/;

/** Gives an account a key that signs (snapd: asserts/account_key.go). */
export const accountKeyType = defineType({
  name: 'account-key',
  primaryKey: ['public-key-sha3-384'],
  maxFormat: 1,
  rank: 0,
  validate: ({ headers, body }) => {
    checkNotEmpty(headers, 'account-id');
    if (headers.name !== undefined) checkMatches(headers, 'name', KEY_NAME);
    checkSinceUntil(headers);
    checkKeyInBody(headers, body);
    compileKeyConstraints(headers);
  },
  prerequisites: (key) => [new AssertionRef(accountType, [key.text('account-id')])],
  checkConsistency: async (key, knowledge) => {
    requireTrustedAuthority(key, knowledge);
    await requireKnown(key, knowledge, accountType, [key.text('account-id')]);
    if (key.text('name') === '') return;
    for (const other of await knowledge.accountKeysNamed(key.text('account-id'), key.text('name'))) {
      if (other.ref.id !== key.ref.id) throw refused(key, 'consistency', `has the same name as ${other.toString()}`);
    }
  },
  formatNeeded: (headers) => (headers.constraints === undefined ? 0 : 1),
});

/** Asks for an account-key, and proves to have its private half (snapd: asserts/account_key.go). */
export const accountKeyRequestType = defineType({
  name: 'account-key-request',
  primaryKey: ['public-key-sha3-384'],
  authority: 'none',
  isKept: false,
  rank: 1,
  validate: ({ headers, body }) => {
    checkNotEmpty(headers, 'account-id');
    checkMatches(headers, 'name', KEY_NAME);
    checkSinceUntil(headers);
    checkKeyInBody(headers, body);
  },
  prerequisites: (request) => [new AssertionRef(accountType, [request.text('account-id')])],
  checkConsistency: async (request, knowledge) => {
    await requireKnown(request, knowledge, accountType, [request.text('account-id')]);
  },
  signingKey: (request) => Promise.resolve(publicKeyOf(request)),
});

const publicKeys = new WeakMap<Assertion, RsaPublicKey>();

/** The key in the body of an account-key or account-key-request; parsed once for each assertion. */
export function publicKeyOf(accountKey: Assertion): RsaPublicKey {
  let key = publicKeys.get(accountKey);
  if (key === undefined) {
    key = decodeKey(accountKey.body.toString('utf8'));
    publicKeys.set(accountKey, key);
  }
  return key;
}

export function isKeyValidAt(accountKey: Assertion, when: Date): boolean {
  return isValidAt(validityOf(accountKey), when);
}

export function validityOf(accountKey: Assertion): Validity {
  return checkSinceUntil(accountKey.headers);
}

/** Whether the key's constraints, if it has any, let it sign an assertion with these headers; one that matches is enough. */
export function mayKeySign(accountKey: Assertion, headers: HeaderMap): boolean {
  const constraints = compileKeyConstraints(accountKey.headers);
  return constraints === null || constraints.some((matches) => matches(headers));
}

/** @throws AssertionRefusedError, stage `decode` */
export function decodeKey(text: string): RsaPublicKey {
  try {
    return RsaPublicKey.decode(text);
  } catch (error) {
    if (error instanceof InvalidOpenPgpError)
      throw rule(`cannot decode public key: ${error.message}`, { cause: error });
    throw error;
  }
}

function checkKeyInBody(headers: HeaderMap, body: Buffer): void {
  const key = decodeKey(body.toString('utf8'));
  if (checkNotEmpty(headers, 'public-key-sha3-384') !== key.id) throw rule('public key does not match provided key id');
}

function compileKeyConstraints(headers: HeaderMap): ((headers: HeaderMap) => boolean)[] | null {
  if (headers.constraints === undefined) return null;
  const constraints = checkMaps(headers, 'constraints', 'assertions constraints must be a list of maps');
  if (constraints.length === 0) throw rule('assertions constraints cannot be empty');
  return constraints.map((constraint) => {
    const wanted = checkMap(constraint, 'headers', 'constraint');
    if (wanted === null) throw rule('"headers" constraint is mandatory in assertions constraints');
    if (typeof wanted.type !== 'string') throw rule('type header constraint must be a string');
    if (REGEXP_CHARACTER.test(wanted.type))
      throw rule('type header constraint must be a precise string and not a regexp');
    return compileAttributeConstraints(wanted, { allowsReferences: false }).matches;
  });
}
