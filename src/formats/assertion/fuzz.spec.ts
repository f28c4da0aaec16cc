import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { declaration, revision, store, storeKey } from '../../../test/support/assertion-world.js';
import { type HeaderMap, type HeaderValue, parseHeaders, writeHeader } from './headers.js';
import {
  type Assertion,
  AssertionRefusedError,
  decodeAssertion,
  decodeAssertionStream,
  encodeAssertionStream,
} from './index.js';

const name = fc.stringMatching(/^[a-z](?:-?[a-z0-9]){0,5}$/);
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

const { value } = fc.letrec<{ value: HeaderValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.array(tie('value'), { minLength: 1, maxLength: 4 }),
    fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  ),
}));

async function outcome(work: () => Assertion | Promise<Assertion[]>): Promise<string> {
  try {
    await work();
    return 'read';
  } catch (error) {
    return error instanceof AssertionRefusedError ? 'refused' : `crashed: ${String(error)}`;
  }
}

describe('assertions of any kind', () => {
  it('have headers that are read back as they were written', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { minKeys: 1, maxKeys: 5, noNullPrototype: true }),
        (headers: HeaderMap) => {
          const block = Object.entries(headers).map(([key, each]) => writeHeader(key, each ?? ''));
          expect(JSON.parse(JSON.stringify(parseHeaders(Buffer.from(block.join('').slice(1)))))).toEqual(headers);
        },
      ),
    );
  });

  it('are read or refused, whatever is damaged', async () => {
    const stream = encodeAssertionStream([
      storeKey,
      declaration,
      revision,
      store.sign('store', { store: 's', 'operator-id': 'o', timestamp: '2026-01-01T00:00:00Z' }),
    ]);
    const damage = fc.array(
      fc.tuple(fc.nat(stream.length - 1), fc.oneof(fc.constant(10), fc.constant(32), fc.nat(255))),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(stream.length), fc.nat(100), async (changes, cut, length) => {
        const bytes = Buffer.from(stream);
        for (const [position, byte] of changes) bytes[position] = byte;
        const shortened = Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + length)]);
        expect(['read', 'refused']).toContain(await outcome(() => decodeAssertionStream(shortened)));
        expect(['read', 'refused']).toContain(await outcome(() => decodeAssertion(shortened)));
      }),
      { numRuns: 300 },
    );
  });

  it('are written back byte for byte when they are read', async () => {
    const byte = fc.tuple(fc.nat(revision.content.length - 1), fc.nat(127));
    await fc.assert(
      fc.asyncProperty(byte, async ([position, changed]) => {
        const bytes = Buffer.from(revision.encoded);
        bytes[position] = changed;
        if ((await outcome(() => decodeAssertion(bytes))) === 'read') {
          expect(decodeAssertion(bytes).encoded.equals(bytes)).toBe(true);
        }
      }),
    );
  });
});
