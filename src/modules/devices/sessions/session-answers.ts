import { randomBytes } from 'node:crypto';

import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';

const TOKEN_BYTES = 32;

/**
 * What a device that has a serial asks for before it asks for anything else, and without which everything else fails
 * (snapd: store/auth.go). The store is open to all who reach it: the token says nothing, and is not asked for.
 */
export function nonceAnswer(): Answer {
  return jsonAnswer(200, { nonce: randomBytes(TOKEN_BYTES).toString('base64url') });
}

export function sessionAnswer(): Answer {
  return jsonAnswer(200, { macaroon: randomBytes(TOKEN_BYTES).toString('base64url') });
}
