import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import {
  gzipped,
  inChunks,
  membersOf,
  newSigner,
  packBundle,
  smallBundle,
  testBundle,
  type TestBundle,
} from '../../../test/support/bundles.js';
import { HOSTILE_BUNDLES } from '../../../test/support/hostile-bundles.js';
import { rawTar } from '../../../test/support/raw-tar.js';
import { Sha3_384 } from '../../kernel/digest.js';
import {
  BUNDLE_LIMITS,
  BundleError,
  encodeManifest,
  parseManifest,
  readBundle,
  type BundleHead,
  type BundlePart,
  type ReadBundleOptions,
} from './index.js';

describe(readBundle.name, () => {
  it.each([
    ['as it is written', packBundle],
    ['packed by gzip at its best', async (bundle: TestBundle) => gzipped(rawTar(await membersOf(bundle)), 9)],
    ['as plain tar', async (bundle: TestBundle) => rawTar(await membersOf(bundle))],
  ])('gives everything in order from a bundle %s', async (_how, pack) => {
    const bundle = smallBundle();
    for (const chunkSize of [1, 100, 1 << 20]) {
      const { head, contents } = await readAll(inChunks(await pack(bundle), chunkSize));
      expect(head?.manifest).toEqual(parseManifest(encodeManifest(bundle.manifest), 'x'));
      expect(head?.signer?.keyId).toBe(bundle.signer?.keyId);
      expect(contents).toEqual(bundle.contents);
      expect([...contents.keys()]).toEqual([
        'assertions/0001-keys.assert',
        'assertions/0002-jq.assert',
        `snaps/${'j'.repeat(32)}_6.snap`,
        `snaps/${'j'.repeat(32)}_7.snap`,
        expect.stringMatching(/^media\//),
      ]);
    }
  });

  it('says of an unsigned bundle that nobody signed it', async () => {
    const { head } = await readAll(inChunks(await packBundle(smallBundle(null))));
    expect(head?.signer).toBeNull();
  });

  it('gives the head before anything after it was read', async () => {
    const members = await membersOf(smallBundle());
    const start = rawTar(members.slice(0, 3), Buffer.alloc(0));
    async function* neverEnding(): AsyncGenerator<Buffer> {
      yield start;
      await new Promise(() => undefined);
    }
    const parts = readBundle(neverEnding(), { file: 'slow.tar' });
    expect((await parts.next()).value).toMatchObject({ kind: 'head' });
  });

  it('carries a bundle that has assertions alone', async () => {
    const bundle = testBundle({ snaps: [], assertions: [{ name: 'models', bytes: Buffer.from('type: model\n') }] });
    const { contents } = await readAll(inChunks(await packBundle(bundle)));
    expect(contents).toEqual(bundle.contents);
  });

  it('throws away what a consumer leaves unread, and goes on', async () => {
    const bundle = smallBundle();
    const kinds: string[] = [];
    const options = { file: 'x', blobsCheckedBy: 'nobody' } as const;
    for await (const part of readBundle(inChunks(await packBundle(bundle), 100), options)) {
      kinds.push(part.kind);
      if (part.kind !== 'snap') continue;
      for await (const _chunk of part.content) break;
    }
    expect(kinds).toEqual(['head', 'assertions', 'assertions', 'snap', 'snap', 'media']);
  });

  it('gives no content once the next part was asked for', async () => {
    const parts: BundlePart[] = [];
    const options = { file: 'x', blobsCheckedBy: 'nobody' } as const;
    for await (const part of readBundle(inChunks(await packBundle(smallBundle())), options)) parts.push(part);
    const late = parts.find(({ kind }) => kind === 'snap');
    if (late?.kind !== 'snap') throw new Error('no snap');
    for await (const chunk of late.content) expect(chunk).toBeNull();
  });

  it('does not end well when a content was never held against its digest', async () => {
    const reading = async (): Promise<void> => {
      for await (const _part of readBundle(inChunks(await packBundle(smallBundle())), { file: 'x' }));
    };
    await expect(reading()).rejects.toThrow(/snaps\/j+_6\.snap in x was never confirmed/);
  });

  it('stops where the signal says so, with the reason of the signal', async () => {
    const abort = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    const reading = readAll(inChunks(await packBundle(smallBundle()), 10), {
      signal: abort.signal,
      onPart: ({ kind }) => {
        if (kind === 'snap') abort.abort(reason);
      },
    });
    await expect(reading).rejects.toBe(reason);
  });

  it('lets the source go when the consumer stops', async () => {
    const bytes = await packBundle(smallBundle());
    let released = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield* inChunks(bytes, 200);
      } finally {
        released = true;
      }
    }
    for await (const _part of readBundle(source(), { file: 'x' })) break;
    await expect.poll(() => released).toBe(true);
  });

  it('names the file when its medium fails', async () => {
    const bytes = await packBundle(smallBundle());
    async function* failing(): AsyncGenerator<Buffer> {
      yield bytes.subarray(0, 4000);
      await Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' }));
    }
    await expect(readAll(failing())).rejects.toMatchObject({
      code: 'bundle-unreadable',
      message: 'test.tar.gz: cannot be read: EIO: i/o error, read',
    });
  });

  it('refuses a manifest that declares more than there may be, before any of it', async () => {
    const reading = readAll(inChunks(await packBundle(smallBundle())), {
      limits: { ...BUNDLE_LIMITS, totalBytes: 1000 },
    });
    await expect(reading).rejects.toMatchObject({
      code: 'bundle-too-large',
      message: expect.stringMatching(/^test\.tar\.gz: bundle\.json: declares \d+ bytes; at most 1000/) as string,
    });
  });

  it('reads no further than what it refuses', async () => {
    const members = await membersOf(smallBundle());
    const tar = rawTar([members[0]!, { path: 'evil', content: Buffer.alloc(64 << 20) }]);
    let read = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of inChunks(tar)) {
        read += chunk.length;
        yield chunk;
      }
    }
    await expect(readAll(counted())).rejects.toMatchObject({ code: 'bundle-member-refused' });
    expect(read).toBeLessThan(1 << 20);
  });
});

describe('a hostile bundle', () => {
  const base = smallBundle(newSigner());

  it.each(HOSTILE_BUNDLES.map((hostile) => [hostile.name, hostile] as const))(
    'is refused: %s',
    async (_name, hostile) => {
      const bytes = await hostile.make(base);
      const error: unknown = await readAll(inChunks(bytes)).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(BundleError);
      const { code, message } = error as BundleError & { code: string };
      expect(code, message).toBe(hostile.code);
      expect(message).toContain(hostile.names(base));
      expect(message).toMatch(/^test\.tar\.gz: [^\p{C}\p{Zl}\p{Zp}]+$/u);
    },
  );
});

interface ReadAllOptions extends Partial<ReadBundleOptions> {
  readonly onPart?: (part: BundlePart) => void;
}

/** Reads as an import does: every content hashed and confirmed. */
async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  { onPart, ...options }: ReadAllOptions = {},
): Promise<{ head: BundleHead | undefined; contents: Map<string, Buffer> }> {
  let head: BundleHead | undefined;
  const contents = new Map<string, Buffer>();
  for await (const part of readBundle(bytes, { file: 'test.tar.gz', ...options })) {
    onPart?.(part);
    if (part.kind === 'head') head = part;
    else if (part.kind === 'assertions') contents.set(part.path, part.bytes);
    else {
      const hash = createHash('sha3-384');
      const chunks: Uint8Array[] = [];
      for await (const chunk of part.content) {
        hash.update(chunk);
        chunks.push(Buffer.from(chunk));
      }
      part.confirm(Sha3_384.fromBytes(hash.digest()));
      contents.set(part.path, Buffer.concat(chunks));
    }
  }
  return { head, contents };
}
