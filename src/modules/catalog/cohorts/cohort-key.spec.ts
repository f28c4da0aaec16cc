import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Cohort, decodeCohortKey, encodeCohortKey } from './cohort-key.js';

const secret = randomBytes(32);
const cohort: Cohort = { snapId: 'a'.repeat(32), lastReleaseId: '17', madeAt: new Date('2026-01-02T03:04:05Z') };

describe('a cohort key', () => {
  it('says what it was made for, to whoever has the secret', () => {
    expect(decodeCohortKey(encodeCohortKey(cohort, secret), secret)).toEqual(cohort);
    const large = { ...cohort, lastReleaseId: '9223372036854775807' };
    expect(decodeCohortKey(encodeCohortKey(large, secret), secret)).toEqual(large);
  });

  it('is one word that a shell, a URL and a header take as it is', () => {
    expect(encodeCohortKey(cohort, secret)).toMatch(/^cohort1\.[\w-]+\.[\w-]+$/);
  });

  it('means nothing to a store with another secret', () => {
    expect(decodeCohortKey(encodeCohortKey(cohort, secret), randomBytes(32))).toBeNull();
  });

  it('cannot be turned into one of another snap, time or state', () => {
    const key = encodeCohortKey(cohort, secret);
    const [prefix = '', , code = ''] = key.split('.');
    for (const content of [
      `${'b'.repeat(32)} 17 1767323045000`,
      `${cohort.snapId} 18 1767323045000`,
      `${cohort.snapId} 17 1`,
    ]) {
      const forged = `${prefix}.${Buffer.from(content).toString('base64url')}.${code}`;
      expect(decodeCohortKey(forged, secret)).toBeNull();
    }
  });

  it('is refused once any character of it is another', () => {
    const key = encodeCohortKey(cohort, secret);
    for (let index = 0; index < key.length; index++) {
      const other = key[index] === 'A' ? 'B' : 'A';
      expect(decodeCohortKey(`${key.slice(0, index)}${other}${key.slice(index + 1)}`, secret)).toBeNull();
    }
  });

  it('is read or refused whatever a device sends, and nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 300 }),
          fc.base64String().map((text) => `cohort1.${text}.${text}`),
        ),
        (text) => {
          expect(decodeCohortKey(text, secret)).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
