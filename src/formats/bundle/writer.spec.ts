import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { inChunks, membersOf, packBundle, smallBundle, testBundle } from '../../../test/support/bundles.js';
import { declaredMembers, readBundle, writeBundle, type DeclaredMember } from './index.js';
import { collect } from './streams.js';

describe(writeBundle.name, () => {
  it('writes equal contents as equal bytes, however the contents arrive', async () => {
    const bundle = smallBundle();
    const whole = await packBundle(bundle);
    const open = ({ path }: DeclaredMember): AsyncIterable<Uint8Array> => inChunks(bundle.contents.get(path)!, 7);
    const signer = bundle.signer === null ? {} : { signer: bundle.signer };
    const pieces = await collect(writeBundle({ file: 'x', manifest: bundle.manifest, open, ...signer }));
    expect(pieces.equals(whole)).toBe(true);
  });

  it('writes what tar reads: plain files in order, without times and owners', async () => {
    const bundle = smallBundle();
    const listed = spawnSync('tar', ['tvzf', '-', '--utc', '--numeric-owner'], { input: await packBundle(bundle) });
    expect(listed.stderr.toString()).toBe('');
    const lines = listed.stdout.toString().trimEnd().split('\n');
    const members = await membersOf(bundle);
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(members.map(({ path }) => path));
    for (const line of lines) expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
  });

  it('writes the members and sums that the specification gives', async () => {
    const bundle = smallBundle();
    const expected = await membersOf(bundle);
    for (const { path, content } of expected) {
      const read = spawnSync('tar', ['xzOf', '-', path], { input: await packBundle(bundle) });
      expect(read.stdout.equals(content), path).toBe(true);
    }
  });

  it.each([
    ['short', (bytes: Buffer) => bytes.subarray(1), /snaps\/.*: has 629 bytes where 630 were declared/],
    ['long', (bytes: Buffer) => Buffer.concat([bytes, bytes]), /snaps\/.*: has more than the 630 bytes declared/],
    ['other', (bytes: Buffer) => Buffer.from(bytes).fill('x', 0, 1), /snaps\/.*: has another SHA3-384 digest/],
  ])('fails on a content that is %s than declared', async (_how, spoil, message) => {
    const bundle = smallBundle();
    const open = ({ path, kind }: DeclaredMember): AsyncIterable<Uint8Array> => {
      const content = bundle.contents.get(path)!;
      return inChunks(kind === 'snap' ? spoil(content) : content);
    };
    const writing = collect(writeBundle({ file: 'out.tar.gz', manifest: bundle.manifest, open }));
    await expect(writing).rejects.toMatchObject({
      code: 'bundle-damaged',
      message: expect.stringMatching(message) as string,
    });
  });

  it('fails with what a source fails with', async () => {
    const bundle = smallBundle();
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('hsqs');
      await Promise.reject(new Error('the cable came loose'));
    }
    const open = ({ path, kind }: DeclaredMember): AsyncIterable<Uint8Array> =>
      kind === 'snap' ? failing() : inChunks(bundle.contents.get(path)!);
    const writing = collect(writeBundle({ file: 'x', manifest: bundle.manifest, open }));
    await expect(writing).rejects.toThrow('the cable came loose');
  });

  it('stops where the signal says so, and lets the source go', async () => {
    const { source, state, bundle } = largeBundle();
    const abort = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    const writing = writeBundle({ file: 'x', manifest: bundle.manifest, open: source, signal: abort.signal });
    await writing.next();
    await writing.next();
    abort.abort(reason);
    await expect(collect(writing)).rejects.toBe(reason);
    await expect.poll(() => state.released).toBe(true);
  });

  it('reads contents only as fast as it is read itself, and lets them go when it is left', async () => {
    const { source, state, bundle } = largeBundle();
    const writing = writeBundle({ file: 'x', manifest: bundle.manifest, open: source, contentsCheckedBy: 'caller' });
    await writing.next();
    await writing.next();
    expect(state.given).toBeLessThan(8 << 20);
    await writing.return(undefined);
    await expect.poll(() => state.released).toBe(true);
  });

  it('spells a snap beyond the eight gibibytes of octal sizes so that it is read', async () => {
    const { bundle, source } = largeBundle(9 * 2 ** 30);
    const written = writeBundle({ file: 'x', manifest: bundle.manifest, open: source, contentsCheckedBy: 'caller' });
    for await (const part of readBundle(written, { file: 'x' })) {
      if (part.kind !== 'snap') continue;
      expect(part.size).toBe(9 * 2 ** 30);
      break;
    }
  });
});

/** A bundle with a snap of zeros that is made while it is read. */
function largeBundle(size = 64 << 20): {
  bundle: ReturnType<typeof testBundle>;
  source: (member: DeclaredMember) => AsyncIterable<Uint8Array>;
  state: { given: number; released: boolean };
} {
  const state = { given: 0, released: false };
  const small = testBundle({
    snaps: [{ name: 'jq', snapId: 'j'.repeat(32), revisions: [{ revision: 1, content: Buffer.from('x'), size }] }],
  });
  async function* zeros(): AsyncGenerator<Uint8Array> {
    try {
      for (; state.given < size; state.given += 1 << 20) yield await Promise.resolve(Buffer.alloc(1 << 20));
    } finally {
      state.released = true;
    }
  }
  expect(declaredMembers(small.manifest)).toHaveLength(1);
  return { bundle: small, source: zeros, state };
}
