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

/**
 * Serials are the brand's to give, and this store has none. snapd shows the message, tries again much later, and installs
 * snaps all the same (overlord/devicestate/handlers_serial.go); a status above 500 would make it ask every minute.
 */
export function noSerialAnswer(): Answer {
  return jsonAnswer(404, { message: 'this store registers no devices; snaps work without a serial' });
}
