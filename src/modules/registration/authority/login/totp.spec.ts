import { describe, expect, it } from 'vitest';

import { otpauthUri, totpCode, totpStep } from './totp.js';

const SECRET = Buffer.from('12345678901234567890');
const at = (seconds: number) => new Date(seconds * 1000);

describe('one-time passwords', () => {
  // RFC 6238, appendix B; its eight digits end in our six.
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('at %i are as the RFC has them', (seconds, code) => {
    expect(totpCode(SECRET, Math.floor(seconds / 30))).toBe(code);
    expect(totpStep(SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30));
  });

  it('may be a step early or late, and no more', () => {
    const step = 50_000_000;
    const code = totpCode(SECRET, step);
    const found = [-2, -1, 0, 1, 2].map((late) => totpStep(SECRET, code, at((step + late) * 30)));
    expect(found).toEqual([null, step, step, step, null]);
  });

  it('may be typed with a blank in the middle', () => {
    expect(totpStep(SECRET, '287 082', at(59))).toBe(1);
    expect(totpStep(SECRET, '', at(59))).toBeNull();
  });

  it('come with a URI for authenticator apps', () => {
    expect(otpauthUri(SECRET, 'acme-lab', 'ops@example.org')).toBe(
      'otpauth://totp/acme-lab:ops%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=acme-lab&algorithm=SHA1&digits=6&period=30',
    );
  });
});
