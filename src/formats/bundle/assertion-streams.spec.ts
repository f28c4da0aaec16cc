import { describe, expect, it } from 'vitest';

import { brand, declaration, developer, modelOf, storeKey } from '../../../test/support/assertion-world.js';
import { sha3 } from '../../../test/support/bundles.js';
import { decodeAssertionStream } from '../assertion/index.js';
import { assertionStreams, BUNDLE_LIMITS } from './index.js';

describe(assertionStreams.name, () => {
  it('keeps the order, and describes each stream as the manifest has to', async () => {
    const chain = [storeKey, developer, declaration];
    const [stream, ...more] = assertionStreams(chain);
    expect(more).toEqual([]);
    expect(stream).toMatchObject({ path: 'assertions/0001.assert', count: 3, size: stream?.bytes.length });
    expect(stream?.digest.equals(sha3(stream.bytes))).toBe(true);
    expect((await decodeAssertionStream(stream!.bytes)).map(String)).toEqual(chain.map(String));
  });

  it('begins another stream before one is larger than a reader takes', () => {
    const large = modelOf(brand, { comment: 'x'.repeat(100_000) });
    const streams = assertionStreams(Array.from({ length: 90 }, () => large));
    expect(streams.map(({ path }) => path)).toEqual(
      ['0001', '0002', '0003'].map((name) => `assertions/${name}.assert`),
    );
    expect(streams.reduce((sum, { count }) => sum + count, 0)).toBe(90);
    for (const { size } of streams) expect(size).toBeLessThan(BUNDLE_LIMITS.assertionFileBytes);
  });

  it('makes nothing of nothing', () => {
    expect(assertionStreams([])).toEqual([]);
  });
});
