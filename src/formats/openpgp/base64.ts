import { InvalidOpenPgpError } from './openpgp.errors.js';

const LINE_LENGTH = 76;
const STANDARD = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Standard base64 as Go's decoder reads it, which is what snapd uses (asserts/crypto.go): line ends are skipped wherever they
 * stand, padding is needed, the unused bits of the last character may have any value, nothing else is forgiven.
 * @throws InvalidOpenPgpError
 */
export function decodeBase64(text: string, what: string): Buffer {
  const flat = text.replace(/[\r\n]/g, '');
  if (flat === '') throw new InvalidOpenPgpError(`the ${what} is empty`);
  if (flat.length % 4 !== 0 || !STANDARD.test(flat)) throw new InvalidOpenPgpError(`the ${what} is not base64`);
  return Buffer.from(flat, 'base64');
}

/** Standard base64 in lines of 76 characters, without a line end after the last. */
export function encodeBase64Lines(bytes: Uint8Array): string {
  const flat = Buffer.from(bytes).toString('base64');
  const lines: string[] = [];
  for (let start = 0; start < flat.length; start += LINE_LENGTH) lines.push(flat.slice(start, start + LINE_LENGTH));
  return lines.join('\n');
}
