import { createHash, createPublicKey } from 'node:crypto';

import { ACCOUNT_ID, checkMatches, checkNotEmpty, rule } from '../header-checks.js';
import { defineType } from './define.js';

const HARDWARE_NAME = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
const PEM_BODY = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** A manufacturer's word for a piece of hardware and its key (snapd: asserts/hardware_identity.go). */
export const hardwareIdentityType = defineType({
  name: 'hardware-identity',
  primaryKey: ['issuer-id', 'manufacturer', 'hardware-name', 'hardware-id-key-sha3-384'],
  rank: 1,
  validate: ({ headers, authorityId }) => {
    if (checkMatches(headers, 'issuer-id', ACCOUNT_ID) !== authorityId) throw rule('issuer id must match authority id');
    checkNotEmpty(headers, 'manufacturer');
    checkMatches(headers, 'hardware-name', HARDWARE_NAME);
    checkNotEmpty(headers, 'hardware-id');
    const key = checkNotEmpty(headers, 'hardware-id-key');
    checkPublicKey(key);
    const digest = createHash('sha3-384').update(key).digest('base64url');
    if (headers['hardware-id-key-sha3-384'] !== digest) throw rule('hardware id key does not match provided hash');
  },
});

/** The body of a PEM public key, without the lines around it. */
function checkPublicKey(body: string): void {
  if (!PEM_BODY.test(body)) throw rule('no PEM block was found');
  try {
    createPublicKey(`-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`);
  } catch (error) {
    throw rule('cannot parse public key', { cause: error });
  }
}
