import {
  type AssertionRef,
  assertionRef,
  AssertionRefusedError,
  assertionTypes,
} from '../../formats/assertion/index.js';
import type { WantedAssertion } from '../../modules/snap-fetch/index.js';
import { UsageError } from '../cli.errors.js';
import { readValidationSet } from './fetch-options.js';

/** The types that have a name of their own, and how it is written. Others are named by their primary key. */
export const ASSERTION_NAMES = {
  'validation-set': 'ACCOUNT/NAME or ACCOUNT/NAME=SEQUENCE',
  model: 'BRAND/MODEL',
  account: 'an account id',
  'account-key': 'the SHA3-384 digest of a key, in base64url: 64 characters',
} as const;

type FetchedType = keyof typeof ASSERTION_NAMES;

const ACCOUNT_ID = /^(?:[a-zA-Z0-9]{32}|[-a-z0-9]{2,28})$/;
/** snapd: asserts/asserts.go, and `model` is lower case in it. */
const MODEL = /^[a-z0-9](?:-?[a-z0-9])*$/;
const KEY_ID = /^[A-Za-z0-9_-]{64}$/;

/** @throws UsageError for another type, and for a name that cannot be one */
export function readAssertionNames(type: string, names: readonly string[]): WantedAssertion[] {
  if (isFetchedType(type)) return names.map((name) => readName(type, name));
  const others = assertionTypes().filter(({ isKept, authority }) => isKept && authority === 'account');
  if (!others.some((one) => one.name === type)) {
    const known = others.map((one) => one.name).sort();
    throw new UsageError(`assertions are fetched of the types ${known.join(', ')}, not "${type.slice(0, 60)}"`);
  }
  return names.map((name) => ({ type: 'other', ref: readKey(type, name) }));
}

function readKey(type: string, name: string): AssertionRef {
  try {
    return assertionRef(type, name.split('/'));
  } catch (error) {
    if (!(error instanceof AssertionRefusedError)) throw error;
    throw new UsageError(`"${name.slice(0, 100)}" names no ${type}: ${error.message}`);
  }
}

function readName(type: FetchedType, name: string): WantedAssertion {
  const refuse = (): never => {
    throw new UsageError(`"${name.slice(0, 100)}" is not ${ASSERTION_NAMES[type]}`);
  };
  switch (type) {
    case 'validation-set':
      return { type, ...readValidationSet(name) };
    case 'model': {
      const [brandId = '', model = '', ...more] = name.split('/');
      return ACCOUNT_ID.test(brandId) && MODEL.test(model) && more.length === 0 ? { type, brandId, model } : refuse();
    }
    case 'account':
      return ACCOUNT_ID.test(name) ? { type, accountId: name } : refuse();
    case 'account-key':
      return KEY_ID.test(name) ? { type, keyId: name } : refuse();
  }
}

function isFetchedType(type: string): type is FetchedType {
  return Object.hasOwn(ASSERTION_NAMES, type);
}
