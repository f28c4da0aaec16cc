import type { RsaPublicKey } from '../../openpgp/index.js';
import { AssertionRef } from '../assertion-ref.js';
import type { Assertion } from '../assertion.js';
import {
  ACCOUNT_ID,
  checkDate,
  checkMatches,
  checkModelName,
  checkNotEmpty,
  checkOptional,
  rule,
  SERIES,
} from '../header-checks.js';
import type { Knowledge } from '../knowledge.js';
import { decodeKey } from './account-key.js';
import { refused, requireKnown } from './consistency.js';
import { defineType } from './define.js';
import { modelType, serialAuthoritiesOf } from './model.js';

/** Binds a device to its key (snapd: asserts/serial_asserts.go). */
export const serialType = defineType({
  name: 'serial',
  primaryKey: ['brand-id', 'model', 'serial'],
  rank: 2,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkMatches(headers, 'brand-id', ACCOUNT_ID);
    checkModelName(headers);
    const key = decodeKey(checkNotEmpty(headers, 'device-key'));
    if (checkNotEmpty(headers, 'device-key-sha3-384') !== key.id)
      throw rule('device key does not match provided key id');
    checkDate(headers, 'timestamp');
  },
  checkConsistency: async (serial, knowledge) => {
    if (serial.authorityId === serial.text('brand-id')) return;
    const model = await knowledge.find(
      new AssertionRef(modelType, [SERIES, serial.text('brand-id'), serial.text('model')]),
    );
    if (model === null || !serialAuthoritiesOf(model).includes(serial.authorityId)) {
      throw refused(
        serial,
        'consistency',
        `is signed by ${serial.authorityId}, which no known model of the brand allows`,
      );
    }
  },
});

/** Asks for a serial; signed by the device's new key, which it carries. */
export const serialRequestType = defineType({
  name: 'serial-request',
  primaryKey: [],
  authority: 'none',
  isKept: false,
  rank: 1,
  validate: ({ headers }) => {
    checkNotEmpty(headers, 'brand-id');
    checkModelName(headers);
    checkNotEmpty(headers, 'request-id');
    checkOptional(headers, 'serial');
    const key = decodeKey(checkNotEmpty(headers, 'device-key'));
    if (headers['sign-key-sha3-384'] !== key.id) throw rule('device key does not match included signing key id');
  },
  signingKey: (request) => Promise.resolve(decodeKey(request.text('device-key'))),
});

/** Asks for a session with a store's nonce; signed by the device's key. snapd itself never checks one; a store does, by the serial. */
export const deviceSessionRequestType = defineType({
  name: 'device-session-request',
  primaryKey: ['brand-id', 'model', 'serial'],
  authority: 'none',
  isKept: false,
  rank: 3,
  validate: ({ headers }) => {
    checkModelName(headers);
    checkNotEmpty(headers, 'nonce');
    checkDate(headers, 'timestamp');
  },
  prerequisites: (request) => [serialRef(request)],
  signingKey: deviceKeyOf,
});

/** The serial of the device that an assertion with `brand-id`, `model` and `serial` is about. */
export function serialRef(assertion: Assertion): AssertionRef {
  return new AssertionRef(serialType, [assertion.text('brand-id'), assertion.text('model'), assertion.text('serial')]);
}

/** The device's key by its verified serial. @throws AssertionRefusedError where there is none or another one signed */
export async function deviceKeyOf(assertion: Assertion, knowledge: Knowledge): Promise<RsaPublicKey> {
  const serial = await requireKnown(assertion, knowledge, serialType, serialRef(assertion).primaryKey);
  return deviceKeyBySerial(assertion, serial);
}

export function deviceKeyBySerial(assertion: Assertion, serial: Assertion): RsaPublicKey {
  const key = decodeKey(serial.text('device-key'));
  if (key.id !== assertion.signKeyId) throw refused(assertion, 'key-unknown', "is not signed by the device's key");
  return key;
}
