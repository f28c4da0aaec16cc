import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

import { ModelUnfitError } from '../model-service.errors.js';

const API_KEY = /^[a-zA-Z0-9]{16,100}$/;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const NEW_LENGTH = 40;
const SHOWN = 4;

/** What devices of a model say in the header `api-key`, as it is kept: it is long and random, so that its digest gives nothing away. */
export interface KeptApiKey {
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly start: string;
}

/** 40 letters and digits, as `pwgen 40` makes them. */
export function newApiKey(): string {
  return Array.from({ length: NEW_LENGTH }, () => LETTERS[randomInt(LETTERS.length)] ?? '').join('');
}

/** @throws ModelUnfitError unless it is 16 to 100 letters and digits */
export function keepApiKey(apiKey: string): KeptApiKey {
  if (!API_KEY.test(apiKey)) throw new ModelUnfitError('an API key has 16 to 100 letters and digits, and nothing else');
  return { digest: digestOf(apiKey), start: apiKey.slice(0, SHOWN) };
}

/** Takes as long for a wrong one as for the right one. */
export function isApiKey(given: string | null, digest: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(given ?? ''), 'hex'), Buffer.from(digest, 'hex'));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
