export { type Caveat, Macaroon, type MacaroonFields } from './macaroon.js';
export { InvalidMacaroonError, MacaroonRefusedError } from './macaroon.errors.js';
export { decodeMacaroon, encodeMacaroon } from './text.js';
export { type ConditionCheck, verifyMacaroon } from './verify.js';
