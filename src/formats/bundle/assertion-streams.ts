import { createHash } from 'node:crypto';

import { Sha3_384 } from '../../kernel/digest.js';
import { type Assertion, encodeAssertionStream } from '../assertion/index.js';
import type { BundleAssertionFile } from './manifest.js';

/** A reader takes twice as much. */
const STREAM_BYTES = 4 * 1024 * 1024;

/** A stream of assertions as it travels in a bundle. */
export interface CarriedStream extends BundleAssertionFile {
  readonly bytes: Buffer;
}

/**
 * The members that carry a chain: `assertions/0001.assert` and so on.
 * @param chain in prerequisite order, which stays
 */
export function assertionStreams(chain: readonly Assertion[]): CarriedStream[] {
  const groups: Assertion[][] = [];
  let room = 0;
  for (const assertion of chain) {
    const size = assertion.encoded.length + 2;
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = STREAM_BYTES;
    }
    groups.at(-1)?.push(assertion);
    room -= size;
  }
  return groups.map((group, index) => {
    const bytes = encodeAssertionStream(group);
    const digest = Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
    const path = `assertions/${String(index + 1).padStart(4, '0')}.assert`;
    return { path, digest, size: bytes.length, count: group.length, bytes };
  });
}
