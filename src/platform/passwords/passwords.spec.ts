import { scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { hashPassword, verifyPassword } from './passwords.js';

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

describe('passwords', () => {
  it('are known again, and no others are', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(hash).not.toContain('correct horse');
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    expect(await verifyPassword('correct horse ', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('never have the same hash twice', async () => {
    expect(await hashPassword('x')).not.toBe(await hashPassword('x'));
  });

  it('are the same letters however the keyboard composed them', async () => {
    expect(await verifyPassword('Zu\u0308rich', await hashPassword('Z\u00fcrich'))).toBe(true);
  });

  it('are checked at the cost that their hash names', async () => {
    const salt = Buffer.from('0123456789abcdef');
    const hash = base64(scryptSync('pw', salt, 32, { N: 1024, r: 8, p: 1 }));
    expect(await verifyPassword('pw', `$scrypt$ln=10,r=8,p=1$${base64(salt)}$${hash}`)).toBe(true);
    expect(await verifyPassword('pw', `$scrypt$ln=11,r=8,p=1$${base64(salt)}$${hash}`)).toBe(false);
  });

  it.each([
    '',
    'pw',
    '$scrypt$ln=10,r=8,p=1$$',
    '$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$',
    '$argon2id$v=19$m=1,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY',
    '$scrypt$ln=30,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY',
    '$scrypt$ln=0,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY',
    '$scrypt$ln=10,r=8,p=99$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY',
  ])('fit nothing that is no hash, or one that would cost too much: %s', async (phc) => {
    expect(await verifyPassword('pw', phc)).toBe(false);
  });
});
