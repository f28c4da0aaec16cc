import { describe, expect, it } from 'vitest';

import { authority, judge, judgeFirst } from '../../../test/support/assertion-world.js';
import { newTestKey, SIGNED_AT, TestAccount } from '../../../test/support/authority.js';
import { type Assertion, decodeAssertion, type HeaderMap, readAssertionStream } from './index.js';

const rootKey = await newTestKey();
const delegatedKey = await newTestKey();
const ordinaryKey = await newTestKey();
const brand = new TestAccount('brand', await newTestKey());

const repairRoot = authority.signAccountKey(authority.id, rootKey, { name: 'repair-root' });
/** Signed by the root of trust for repairs, and for repairs only. */
const delegated = authority.sign(
  'account-key',
  {
    'account-id': authority.id,
    'public-key-sha3-384': delegatedKey.id,
    name: 'repairs',
    since: '2025-01-01T00:00:00Z',
    until: '2025-06-01T00:00:00Z',
  },
  { body: delegatedKey.publicKey.encode(), key: rootKey },
);
const ordinary = authority.signAccountKey(authority.id, ordinaryKey, { name: 'ordinary' });
const roots = authority.roots.withRepairKeys([repairRoot]);

const repair = (options: { key?: typeof rootKey; body?: string } = {}, headers: HeaderMap = {}): Assertion =>
  authority.sign(
    'repair',
    { 'brand-id': authority.id, 'repair-id': '1', summary: 's', timestamp: SIGNED_AT.toISOString(), ...headers },
    { body: '#!/bin/sh\n', key: rootKey, ...options },
  );

describe('repairs', () => {
  it('hold where a key signed them that leads to their root of trust, however old it is', async () => {
    expect(await judge([repair()], { roots })).toEqual(['ok']);
    expect(await judge([repair({ key: delegatedKey }), delegated], { roots })).toEqual(['ok', 'ok']);
  });

  it('are not believed for an ordinary root, or for a key below one', async () => {
    expect(await judgeFirst([repair({ key: authority.key })], { roots })).toBe('not-below-repair-root');
    expect(await judgeFirst([repair({ key: ordinaryKey }), ordinary], { roots })).toBe('not-below-repair-root');
    expect(await judgeFirst([repair(), repairRoot], { roots: authority.roots })).toBe('not-below-repair-root');
  });

  it('need the keys that they are signed with, of the account that they speak for', async () => {
    expect(await judgeFirst([repair({ key: delegatedKey })], { roots })).toBe('key-unknown');
    const foreign = { 'authority-id': brand.id, 'brand-id': brand.id };
    expect(await judgeFirst([repair({}, foreign)], { roots })).toBe('key-of-another-account');
    const damaged = decodeAssertion(Buffer.from(repair().encoded.toString().replace('summary: s', 'summary: x')));
    expect(await judgeFirst([damaged], { roots })).toBe('signature-wrong');
  });

  it('may be larger than other assertions', async () => {
    const large = repair({ body: `#!/bin/sh\n${'#'.repeat(3 * 1024 * 1024)}\n` });
    expect(decodeAssertion(large.encoded).body.length).toBeGreaterThan(3 * 1024 * 1024);
    const read: Assertion[] = [];
    for await (const one of readAssertionStream(bytes(large.encoded))) read.push(one);
    expect(read).toHaveLength(1);
    const tooLarge = `type: repair\nbody-length: ${24 * 1024 * 1024 + 1}\n\n`;
    await expect(readAssertionStream(bytes(Buffer.from(tooLarge))).next()).rejects.toThrow(/too large/);
  });
});

async function* bytes(all: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(all);
}
