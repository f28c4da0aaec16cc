import { describe, expect, it } from 'vitest';

import { readDirectory } from './directory.js';

/** A run of entries as it stands in a listing; `count` is what its head says. */
function run(names: readonly string[], count = names.length): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(count - 1, 0);
  head.writeUInt32LE(7, 4);
  const entries = names.map((name, index) => {
    const entry = Buffer.alloc(8);
    entry.writeUInt16LE(index * 32, 0);
    entry.writeUInt16LE(name.length - 1, 6);
    return Buffer.concat([entry, Buffer.from(name, 'latin1')]);
  });
  return Buffer.concat([head, ...entries]);
}

function names(listing: Buffer): string[] {
  return [...readDirectory(listing)].map(({ name }) => name.toString('latin1'));
}

describe(readDirectory.name, () => {
  it('goes through run after run', () => {
    const listing = Buffer.concat([run(['a', 'b']), run(['c'])]);
    expect(names(listing)).toEqual(['a', 'b', 'c']);
    expect([...readDirectory(listing)][1]?.inode).toEqual({ block: 7, offset: 32 });
    expect(names(Buffer.alloc(0))).toEqual([]);
  });

  it('refuses a listing that ends anywhere but behind a run', () => {
    const listing = Buffer.concat([run(['abc', 'def']), run(['ghi'])]);
    const first = run(['abc', 'def']).length;
    for (let length = 1; length < listing.length; length++) {
      if (length === first) continue;
      expect(() => names(listing.subarray(0, length))).toThrow('a folder of the snap file ends early');
    }
  });

  it('refuses runs of more than 256', () => {
    const many = Array.from({ length: 257 }, (_, index) => String(1000 + index));
    expect(names(run(many.slice(0, 256)))).toHaveLength(256);
    expect(() => names(run(many))).toThrow('has 257 entries in one part');
    expect(() => names(run(['a'], 2 ** 32))).toThrow('entries in one part');
  });

  it.each([[['a', 'a']], [['b', 'a']], [['a', 'B']]])('refuses the names %j, in this order', (order) => {
    expect(() => names(run(order))).toThrow('names something twice or out of order');
    expect(() => names(Buffer.concat(order.map((name) => run([name]))))).toThrow('twice or out of order');
  });

  it.each(['.', '..', 'a/b', '/', '\0', 'n'.repeat(257)])('refuses the name %j', (name) => {
    expect(() => names(run([name]))).toThrow('has a name that cannot be');
  });
});
