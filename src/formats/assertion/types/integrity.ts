import { checkMaps, checkNotEmpty, checkUnsigned, rule } from '../header-checks.js';
import type { HeaderMap } from '../headers.js';

const HEX = /^(?:[0-9a-f]{2})+$/;
const SHA256_HEX_LENGTH = 64;

/** The dm-verity data that a revision may carry (snapd 2.74; store-protocol: one type, one version, one hash). */
export function checkIntegrity(headers: HeaderMap): void {
  const entries = checkMaps(headers, 'integrity', '"integrity" header must contain a list of maps');
  for (const [index, entry] of entries.entries()) {
    const where = `of integrity data [${index}]`;
    requireValue(entry, 'type', 'dm-verity', where);
    requireValue(entry, 'version', '1', where);
    requireValue(entry, 'hash-algorithm', 'sha256', where);
    checkUnsigned(entry, 'data-block-size', where);
    checkUnsigned(entry, 'hash-block-size', where);
    for (const name of ['digest', 'salt']) {
      const value = checkNotEmpty(entry, name, where);
      if (!HEX.test(value) || value.length !== SHA256_HEX_LENGTH)
        throw rule(`"${name}" ${where} is not a SHA-256 digest in hex`);
    }
  }
}

function requireValue(entry: HeaderMap, name: string, only: string, where: string): void {
  const value = checkNotEmpty(entry, name, where);
  if (value !== only) throw rule(`"${name}" ${where} must be ${only}, not "${value}"`);
}
