import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

import {
  BundleIncompleteError,
  BundleTooLargeError,
  BundleUnreadableError,
  BUNDLE_LIMITS,
  MANIFEST_PATH,
  readBundle,
  readBundleFolder,
  readLooseTar,
  SIGNATURE_PATH,
  SUMS_PATH,
  type BundleBlob,
  type BundleManifest,
  type BundlePart,
  type BundlePlace,
  type BundleSigner,
  type ImportSource,
} from '../../formats/bundle/index.js';
import type { Sha3_384 } from '../../kernel/digest.js';
import { messageOf } from '../../kernel/store-error.js';
import type { FillingContent, HashableContent } from '../../platform/hashing/hash-workers.js';
import { ReadMemory } from './read-memory.js';

/** What an import is made of, whichever way it was carried: a bundle, a folder, a pair, a tarball of pairs. */
export type CarriedPart = { readonly place: BundlePlace } & (
  | {
      readonly kind: 'head';
      readonly manifest: BundleManifest;
      readonly manifestBytes: Buffer;
      readonly signer: BundleSigner | null;
    }
  | { readonly kind: 'assertions'; readonly bytes: Buffer }
  | CarriedSnap
  | { readonly kind: 'media'; readonly content: AsyncIterable<Uint8Array>; readonly confirm: (is: Sha3_384) => void }
  | { readonly kind: 'component' }
  | { readonly kind: 'ignored' }
);

export interface CarriedSnap {
  readonly kind: 'snap';
  /** Exactly so many bytes. Read once, before the next part is asked for. */
  readonly content: HashableContent;
  readonly sizeBytes: number;
  /** What the manifest says of it; null where there is no manifest. */
  readonly declared: {
    readonly name: string;
    readonly snapId: string;
    readonly revision: number;
    readonly digest: Sha3_384;
  } | null;
  /** To be told what the content hashed to. @throws BundleDamagedError unless the manifest declares that */
  readonly confirm: (is: Sha3_384) => void;
}

/**
 * A file to import, open. It is opened apart from being read because a command that runs as root opens its input before it
 * becomes the owner of the data folder.
 */
export class CarriedFile {
  private readonly memory = new ReadMemory();
  private bytesRead = 0;

  private constructor(
    private readonly source: ImportSource,
    /** The file itself; of a pair also its assertions. None for a folder, whose members are opened as they come. */
    private readonly handles: readonly FileHandle[],
    readonly sizeBytes: number | null,
  ) {}

  /** Whoever opens it closes it. @throws BundleUnreadableError */
  static async open(source: ImportSource): Promise<CarriedFile> {
    if (source.kind === 'bundle-folder') return new CarriedFile(source, [], null);
    const handles: FileHandle[] = [];
    let sizeBytes = 0;
    for (const path of [source.path, ...(source.kind === 'pair' ? [source.assertionsPath] : [])]) {
      try {
        const handle = await open(path, 'r');
        handles.push(handle);
        sizeBytes += (await handle.stat()).size;
      } catch (cause) {
        for (const handle of handles) await handle.close();
        throw unreadable(path, cause);
      }
    }
    return new CarriedFile(source, handles, sizeBytes);
  }

  /** As the operator named it. */
  get path(): string {
    return this.source.path;
  }

  get name(): string {
    return basename(this.source.path);
  }

  /** What its report calls it: whether there was a manifest to go by. */
  get kind(): 'bundle' | 'pair' {
    return this.source.kind === 'bundle' || this.source.kind === 'bundle-folder' ? 'bundle' : 'pair';
  }

  /** Whether all assertions come before the first snap. */
  get isOrdered(): boolean {
    return this.source.kind !== 'loose-tar';
  }

  /** How much of `sizeBytes` has been read so far. */
  get readBytes(): number {
    return this.bytesRead;
  }

  /** Can be asked for once. @throws BundleError of the fitting kind; the signal's reason when aborted */
  parts(signal: AbortSignal): AsyncGenerator<CarriedPart, void> {
    const { source, path: file } = this;
    switch (source.kind) {
      case 'bundle':
        return fromBundle(readBundle(this.bytes(0, signal), { file, signal }), file, this.memory);
      case 'bundle-folder':
        return fromBundle(readBundleFolder(source.path, { file, signal }), file, this.memory);
      case 'loose-tar':
        return this.fromLooseTar(signal);
      case 'pair':
        return this.fromPair(source.assertionsPath, signal);
    }
  }

  async close(): Promise<void> {
    for (const handle of this.handles) await handle.close();
  }

  private async *fromPair(assertionsPath: string, signal: AbortSignal): AsyncGenerator<CarriedPart, void> {
    const [snap, assertions] = this.handles;
    if (snap === undefined || assertions === undefined) throw new Error(`${this.path} is not open`);
    const limit = BUNDLE_LIMITS.assertionFileBytes;
    const place = { file: assertionsPath, member: null };
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.bytes(1, signal)) {
      size += chunk.length;
      if (size > limit) throw new BundleTooLargeError(place, `is larger than ${limit} bytes`);
      chunks.push(chunk);
    }
    yield { kind: 'assertions', place, bytes: Buffer.concat(chunks) };
    const { size: sizeBytes } = await snap.stat();
    const content = this.filling(snap);
    yield { kind: 'snap', place: { file: this.path, member: null }, content, sizeBytes, declared: null, confirm };
  }

  private async *fromLooseTar(signal: AbortSignal): AsyncGenerator<CarriedPart, void> {
    for await (const part of readLooseTar(this.bytes(0, signal), { file: this.path, signal })) {
      const place = { file: this.path, member: part.path };
      if (part.kind === 'assertions') yield { kind: 'assertions', place, bytes: part.bytes };
      else if (part.kind === 'ignored') yield this.ignored(place);
      else yield { kind: 'snap', place, content: part.content, sizeBytes: part.size, declared: null, confirm };
    }
  }

  /** What is left of a bundle whose manifest was taken out must not pass for a tarball of pairs. */
  private ignored(place: BundlePlace): CarriedPart {
    if (place.member !== SIGNATURE_PATH && place.member !== SUMS_PATH) return { kind: 'ignored', place };
    throw new BundleIncompleteError({ file: this.path, member: MANIFEST_PATH }, 'is missing');
  }

  private filling(handle: FileHandle): FillingContent {
    let position = 0;
    return {
      fill: async (memory) => {
        const count = await readAt(handle, memory, position, this.path);
        position += count;
        this.bytesRead += count;
        return count;
      },
    };
  }

  /** The bytes of the file, or of the assertions of a pair. */
  private async *bytes(index: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const handle = this.handles[index];
    if (handle === undefined) throw new Error(`${this.path} is not open`);
    for (let position = 0; ;) {
      signal.throwIfAborted();
      const buffer = this.memory.take();
      const bytesRead = await readAt(handle, buffer, position, this.path);
      if (bytesRead === 0) return;
      position += bytesRead;
      this.bytesRead += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

async function* fromBundle(
  parts: AsyncIterable<BundlePart>,
  file: string,
  memory: ReadMemory,
): AsyncGenerator<CarriedPart, void> {
  for await (const part of parts) {
    if (part.kind === 'head') {
      yield { place: { file, member: null }, ...part };
      continue;
    }
    const place = { file, member: part.path };
    if (part.kind === 'assertions') yield { kind: 'assertions', place, bytes: part.bytes };
    else if (part.kind === 'component') yield { kind: 'component', place };
    else if (part.kind === 'media') yield { kind: 'media', place, content: part.content, confirm: part.confirm };
    else {
      memory.snapBegins();
      yield { place, ...carriedSnap(part) };
      memory.snapEnds();
    }
  }
}

function carriedSnap({ snap, declared, content, size, digest, confirm }: BundleBlob & { kind: 'snap' }): CarriedSnap {
  const { name, snapId } = snap;
  return {
    kind: 'snap',
    content,
    sizeBytes: size,
    declared: { name, snapId, revision: declared.revision, digest },
    confirm,
  };
}

/** Where no manifest declares a digest, the assertions alone say what is right. */
function confirm(): void {
  return;
}

async function readAt(handle: FileHandle, buffer: Buffer, position: number, path: string): Promise<number> {
  try {
    return (await handle.read(buffer, 0, buffer.length, position)).bytesRead;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(file: string, cause: unknown): BundleUnreadableError {
  return new BundleUnreadableError({ file, member: null }, `cannot be read: ${messageOf(cause)}`, { cause });
}
