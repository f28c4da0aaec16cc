import { describe, expect, it } from 'vitest';

import { InvalidDigestError, Sha3_384 } from './digest.js';
import { isSnapId, isSnapName } from './snap-names.js';

describe('snap names', () => {
  it.each(['jq', 'core22', '0ad', 'a-b', 'x'.repeat(40)])('accepts %s', (name) => {
    expect(isSnapName(name)).toBe(true);
  });

  it.each(['', 'j', '123', '-jq', 'jq-', 'a--b', 'Jq', 'jq/..', 'x'.repeat(41), 'jq\n'])('refuses %j', (name) => {
    expect(isSnapName(name)).toBe(false);
  });

  it('takes 32 letters and digits for a snap-id and nothing else', () => {
    expect(isSnapId('PMrrV4ml8uWuEUDBT8dSGnKUYbevVhc4')).toBe(true);
    expect(isSnapId('PMrrV4ml8uWuEUDBT8dSGnKUYbevVhc')).toBe(false);
    expect(isSnapId('PMrrV4ml8uWuEUDBT8dSGnKUYbevVh/4')).toBe(false);
  });
});

describe(Sha3_384.name, () => {
  it('writes the same bytes as hex and as base64url', () => {
    const digest = Sha3_384.fromHex('ab'.repeat(48));
    expect(Sha3_384.fromBase64url(digest.base64url).equals(digest)).toBe(true);
  });

  it.each(['', 'AB'.repeat(48), 'ab'.repeat(47)])('refuses %j as hex', (text) => {
    expect(() => Sha3_384.fromHex(text)).toThrow(InvalidDigestError);
  });

  it('refuses padded base64url', () => {
    expect(() => Sha3_384.fromBase64url('A'.repeat(63) + '=')).toThrow(InvalidDigestError);
  });
});
