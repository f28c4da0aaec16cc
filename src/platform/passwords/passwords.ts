import { randomBytes, timingSafeEqual } from 'node:crypto';

import { deriveBytes, encodeCost, parseCost, type ScryptCost } from './scrypt.js';

/** As strong as ln=17, p=1 by OWASP's table, at a quarter of its memory (32 MiB): several may be checked at once. */
const COST: ScryptCost = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PHC = /^\$scrypt\$([a-z0-9=,]+)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** What may be stored of a password: a PHC string, `$scrypt$ln=…,r=…,p=…$salt$hash` in base64 without padding. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await deriveBytes(password, salt, HASH_BYTES, COST);
  return `$scrypt$${encodeCost(COST)}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** In constant time. A text that is no such hash fits no password. */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const [, costText = '', salt = '', hash = ''] = PHC.exec(phc) ?? [];
  const cost = parseCost(costText);
  if (cost === null) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = await deriveBytes(password, Buffer.from(salt, 'base64'), expected.length, cost);
  return timingSafeEqual(actual, expected);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
