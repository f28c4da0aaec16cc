import { beforeAll, describe, expect, it } from 'vitest';

import { SIGNED_AT, TestAuthority } from '../../../test/support/authority.js';
import {
  type Assertion,
  AssertionRefusedError,
  decodeAssertion,
  decodeAssertionStream,
  encodeAssertionStream,
  MAX_BODY_BYTES,
  MAX_HEADERS_BYTES,
  readAssertionStream,
} from './index.js';

let authority: TestAuthority;
let account: Assertion;
let accountKey: Assertion;

beforeAll(async () => {
  authority = await TestAuthority.create();
  ({ account, accountKey } = authority);
});

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size)
    yield await Promise.resolve(bytes.subarray(start, start + size));
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Assertion[]> {
  const assertions: Assertion[] = [];
  for await (const assertion of readAssertionStream(source)) assertions.push(assertion);
  return assertions;
}

describe(readAssertionStream.name, () => {
  it.each([1, 7, 100, 1 << 20])('reads a stream in chunks of %i bytes', async (size) => {
    const bytes = encodeAssertionStream([account, accountKey, account]);
    const read = await collect(chunks(bytes, size));
    expect(read.map(String)).toEqual([account, accountKey, account].map(String));
    expect(encodeAssertionStream(read).equals(bytes)).toBe(true);
  });

  it('ends where the source ends, and lets it go when the reader has enough', async () => {
    expect(await decodeAssertionStream(Buffer.alloc(0))).toEqual([]);
    let isLetGo = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield await Promise.resolve(Buffer.concat([account.encoded, Buffer.from('\n')]));
      } finally {
        isLetGo = true;
      }
    }
    for await (const assertion of readAssertionStream(endless())) {
      expect(assertion.isSameAs(account)).toBe(true);
      break;
    }
    expect(isLetGo).toBe(true);
  });

  it.each<[string, () => string, RegExp]>([
    ['ends inside of headers', () => 'type: account', /inside of headers/],
    ['ends after headers', () => 'type: account\n\n', /"sign-key-sha3-384" header is mandatory/],
    [
      'ends inside of a body',
      () => accountKey.encoded.toString().slice(0, accountKey.content.length - 10),
      /inside of a body/,
    ],
    ['ends before a signature', () => `${account.content.toString()}\n\n`, /signature is empty/],
    [
      'has no blank line after a body',
      () =>
        accountKey.encoded.toString().replace(`${accountKey.body.toString()}\n\n`, `${accountKey.body.toString()}\n`),
      /no blank line/,
    ],
    ['starts with a blank line', () => `\n${account.encoded.toString()}`, /no ":"/],
    ['has two blank lines between', () => `${account.encoded.toString()}\n\n${account.encoded.toString()}`, /no ":"/],
    ['has garbage at the end', () => `${account.encoded.toString()}\ngarbage\n`, /inside of headers/],
  ])('refuses one that %s', async (_name, make, why) => {
    await expect(decodeAssertionStream(Buffer.from(make()))).rejects.toThrow(why);
    await expect(decodeAssertionStream(Buffer.from(make()))).rejects.toThrow(AssertionRefusedError);
  });

  it('stops reading where a part is too large, whatever it declares', async () => {
    let given = 0;
    async function* endless(start: string, filler: string): AsyncGenerator<Buffer> {
      given = 0;
      yield await Promise.resolve(Buffer.from(start));
      for (;;) {
        given += filler.length;
        yield Buffer.from(filler);
      }
    }
    const filler = 'x'.repeat(1000);
    await expect(collect(endless('type: account\na: ', filler))).rejects.toThrow(/headers of more than/);
    expect(given).toBeLessThan(2 * MAX_HEADERS_BYTES);
    await expect(collect(endless(`${account.content.toString()}\n\n`, filler))).rejects.toThrow(
      /signature of more than/,
    );
    expect(given).toBeLessThan(2 * MAX_HEADERS_BYTES);
    const huge = `type: account\nbody-length: ${MAX_BODY_BYTES + 1}\n\n`;
    await expect(collect(endless(huge, filler))).rejects.toThrow(/too large/);
    expect(given).toBeLessThan(2 * MAX_HEADERS_BYTES);
  });

  it('gives assertions whose bytes stand by themselves', async () => {
    const [read] = await decodeAssertionStream(Buffer.from(account.encoded.toString().replace('\n\n', '\n\n\n')));
    expect(read?.encoded.equals(account.encoded)).toBe(true);
  });

  it('passes on what the source throws', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(account.encoded);
      throw new Error('connection lost');
    }
    await expect(collect(failing())).rejects.toThrow('connection lost');
  });
});

describe(encodeAssertionStream.name, () => {
  it('parts assertions by a blank line even where one lacks its last line end', async () => {
    const short = decodeAssertion(account.encoded.subarray(0, -1));
    const read = await decodeAssertionStream(encodeAssertionStream([short, accountKey]));
    expect(read.map(String)).toEqual([String(account), String(accountKey)]);
  });
});

describe('signing', () => {
  it('writes headers in snapd’s order', () => {
    const assertion = authority.signRevision('snap', Buffer.alloc(48).toString('base64url'), 4, {
      revision: '2',
      provenance: 'p',
    });
    const names = assertion.content
      .toString()
      .split('\n')
      .map((line) => line.split(':')[0]);
    expect(names).toEqual([
      ...[
        'type',
        'authority-id',
        'revision',
        'snap-sha3-384',
        'provenance',
        'developer-id',
        'snap-id',
        'snap-revision',
      ],
      ...['snap-size', 'timestamp', 'sign-key-sha3-384'],
    ]);
    expect(
      assertion.signature
        .toString()
        .split('\n')
        .every((line) => line.length <= 76),
    ).toBe(true);
  });

  it('leaves defaults out and gives them back', () => {
    const assertion = authority.signRevision('snap', Buffer.alloc(48).toString('base64url'), 4, {
      revision: '0',
      provenance: 'global-upload',
    });
    expect(assertion.content.toString()).not.toMatch(/^(revision|format|provenance|body-length):/m);
    expect(assertion.primaryKey).toEqual([Buffer.alloc(48).toString('base64url'), 'global-upload']);
    expect(assertion.reducedPrimaryKey).toEqual([Buffer.alloc(48).toString('base64url')]);
    expect([assertion.revision, assertion.sequence]).toEqual([0, null]);
  });

  it('refuses what it would refuse from others', () => {
    const sign = (headers: Record<string, string>) => () =>
      authority.sign('account', { 'account-id': 'x', timestamp: SIGNED_AT.toISOString(), ...headers });
    expect(sign({})).toThrow(/"display-name" header is mandatory/);
    expect(sign({ 'display-name': 'x', validation: 'x', format: '1' })).toThrow(/no format 1/);
    expect(sign({ 'display-name': 'x', validation: 'x', revision: '-1' })).toThrow(/should be positive/);
    expect(() => authority.sign('nonsense', {})).toThrow(/unknown assertion type/);
    expect(() => authority.sign('snap-declaration', { plugs: { x: 'true' } })).toThrow(/need format 1/);
  });
});
