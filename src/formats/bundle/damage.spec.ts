import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { gzipped, inChunks, membersOf, packBundle, smallBundle } from '../../../test/support/bundles.js';
import { rawTar } from '../../../test/support/raw-tar.js';
import { Sha3_384 } from '../../kernel/digest.js';
import { BundleError, readBundle } from './index.js';

describe('a sound bundle in which bytes change on the way', () => {
  const bundle = smallBundle();

  it.each([
    ['as it is written', () => packBundle(bundle)],
    ['packed by gzip at its best', async () => gzipped(rawTar(await membersOf(bundle)), 9)],
    ['as plain tar', async () => rawTar(await membersOf(bundle))],
  ])('%s: it is refused by name, or its contents are what they were', async (_how, pack) => {
    const bytes = await pack();
    const sound = await contentsOf(bytes);
    if (sound instanceof BundleError) throw sound;
    const flips = fc.array(
      fc.record({ at: fc.nat({ max: bytes.length - 1 }), mask: fc.integer({ min: 1, max: 255 }) }),
      { minLength: 1, maxLength: 3 },
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const changed = Buffer.from(bytes);
        for (const { at, mask } of changes) changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
        const contents = await contentsOf(changed);
        if (contents instanceof BundleError) refused++;
        else expect(contents).toEqual(sound);
      }),
      { numRuns: 250 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it('cut anywhere: it is refused by name', async () => {
    const bytes = await packBundle(bundle);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (length) => {
        expect(await contentsOf(bytes.subarray(0, length))).toBeInstanceOf(BundleError);
      }),
      { numRuns: 200 },
    );
  });
});

/** What an import would take in, or the refusal. Anything else that is thrown is a defect and passes through. */
async function contentsOf(bytes: Buffer): Promise<Map<string, string> | BundleError> {
  const contents = new Map<string, string>();
  try {
    for await (const part of readBundle(inChunks(bytes), { file: 'x' })) {
      if (part.kind === 'head')
        contents.set('head', `${part.manifestBytes.toString()} by ${part.signer?.keyId ?? 'nobody'}`);
      else if (part.kind === 'assertions') contents.set(part.path, part.bytes.toString('hex'));
      else {
        const hash = createHash('sha3-384');
        for await (const chunk of part.content) hash.update(chunk);
        const digest = Sha3_384.fromBytes(hash.digest());
        part.confirm(digest);
        contents.set(part.path, digest.hex);
      }
    }
  } catch (error) {
    if (error instanceof BundleError) return error;
    throw error;
  }
  return contents;
}
