import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

import {
  BundleIncompleteError,
  BundleTooLargeError,
  BundleUnreadableError,
  BUNDLE_LIMITS,
  checkPartsComplete,
  checkPartSizes,
  isBundleSource,
  MANIFEST_PATH,
  partsOfNamedBundle,
  readBundle,
  readBundleFolder,
  readLooseTar,
  SIGNATURE_PATH,
  SUMS_PATH,
  type BundleBlob,
  type BundleComponent,
  type BundleManifest,
  type BundleMedia,
  type BundlePart,
  type BundlePlace,
  type BundleSigner,
  type ImportSource,
  type PartFile,
  type SplitBundle,
  splitBundleOf,
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
  | CarriedPicture
  | CarriedComponent
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

export interface CarriedComponent {
  readonly kind: 'component';
  /** Exactly so many bytes. Read once, before the next part is asked for. */
  readonly content: HashableContent;
  readonly declared: BundleComponent;
  /** To be told what the content hashed to. @throws BundleDamagedError unless the manifest declares that */
  readonly confirm: (is: Sha3_384) => void;
}

export interface CarriedPicture {
  readonly kind: 'media';
  /** Exactly so many bytes. Read once, before the next part is asked for. */
  readonly content: HashableContent;
  readonly declared: BundleMedia;
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
    private source: ImportSource,
    /**
     * By path, the file itself; of a pair also its assertions, of a bundle in parts each part. None for a folder, whose members
     * are opened as they come.
     */
    private readonly handles: Map<string, FileHandle>,
    private totalBytes: number | null,
  ) {}

  /** Whoever opens it closes it. @throws BundleUnreadableError */
  static async open(source: ImportSource): Promise<CarriedFile> {
    if (source.kind === 'bundle-folder') return new CarriedFile(source, new Map(), null);
    const file = new CarriedFile(source, new Map(), 0);
    try {
      for (const path of filesOf(source)) await file.openFile(path);
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  }

  /** Of a bundle that was split, which of its parts are at hand; null for anything else. */
  get split(): SplitBundle | null {
    return this.source.kind === 'bundle-parts' ? this.source : null;
  }

  /** Takes in parts of the bundle that lie elsewhere; one that is at hand already counts. @throws BundleUnreadableError */
  async addParts(parts: readonly PartFile[]): Promise<void> {
    const { split } = this;
    if (split === null) throw new Error(`${this.path} is not in parts`);
    for (const { path } of parts) await this.openFile(path);
    this.source = { ...splitBundleOf(split.set, [...split.parts, ...parts]), path: split.path };
  }

  /** The bytes of one part. */
  part({ path }: PartFile, signal: AbortSignal): AsyncGenerator<Buffer> {
    return this.bytes(path, signal);
  }

  /** All that there is to read; null for a folder. */
  get sizeBytes(): number | null {
    return this.totalBytes;
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
    return isBundleSource(this.source) ? 'bundle' : 'pair';
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
        return fromBundle(readBundle(this.bytes(file, signal), { file, signal }), file, this.memory);
      case 'bundle-folder':
        return fromBundle(readBundleFolder(source.path, { file, signal }), file, this.memory);
      case 'bundle-parts': {
        checkPartsComplete(source);
        checkPartSizes(source);
        const bytes = this.joined(source.parts, signal);
        return fromBundle(partsOfNamedBundle(readBundle(bytes, { file, signal }), source), file, this.memory);
      }
      case 'loose-tar':
        return this.fromLooseTar(signal);
      case 'pair':
        return this.fromPair(source.assertionsPath, signal);
    }
  }

  async close(): Promise<void> {
    for (const handle of this.handles.values()) await handle.close();
  }

  private async openFile(path: string): Promise<void> {
    if (this.handles.has(path)) return;
    try {
      const handle = await open(path, 'r');
      this.handles.set(path, handle);
      this.totalBytes = (this.totalBytes ?? 0) + (await handle.stat()).size;
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  private handleOf(path: string): FileHandle {
    const handle = this.handles.get(path);
    if (handle === undefined) throw new Error(`${path} is not open`);
    return handle;
  }

  private async *fromPair(assertionsPath: string, signal: AbortSignal): AsyncGenerator<CarriedPart, void> {
    const snap = this.handleOf(this.path);
    const limit = BUNDLE_LIMITS.assertionFileBytes;
    const place = { file: assertionsPath, member: null };
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.bytes(assertionsPath, signal)) {
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
    for await (const part of readLooseTar(this.bytes(this.path, signal), { file: this.path, signal })) {
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

  /**
   * The bytes of all parts in their order. Memory is filled across them: it is used again after so many pieces, whatever their
   * size (`ReadMemory`), so pieces that end where a part does would be written over while they are still in use.
   */
  private async *joined(parts: readonly PartFile[], signal: AbortSignal): AsyncGenerator<Buffer> {
    let [index, position] = [0, 0];
    for (;;) {
      signal.throwIfAborted();
      const buffer = this.memory.take();
      let filled = 0;
      for (let part = parts[index]; part !== undefined && filled < buffer.length; part = parts[index]) {
        const bytesRead = await readAt(this.handleOf(part.path), buffer.subarray(filled), position, part.path);
        filled += bytesRead;
        position += bytesRead;
        if (bytesRead === 0) [index, position] = [index + 1, 0];
      }
      if (filled === 0) return;
      this.bytesRead += filled;
      yield buffer.subarray(0, filled);
    }
  }

  /** The bytes of one of the files. */
  private async *bytes(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const handle = this.handleOf(path);
    for (let position = 0; ;) {
      signal.throwIfAborted();
      const buffer = this.memory.take();
      const bytesRead = await readAt(handle, buffer, position, path);
      if (bytesRead === 0) return;
      position += bytesRead;
      this.bytesRead += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

function filesOf(source: Exclude<ImportSource, { readonly kind: 'bundle-folder' }>): string[] {
  if (source.kind === 'bundle-parts') return source.parts.map(({ path }) => path);
  return source.kind === 'pair' ? [source.path, source.assertionsPath] : [source.path];
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
    else if (part.kind === 'media') yield { place, ...part };
    else {
      memory.snapBegins();
      yield part.kind === 'component' ? { place, ...part } : { place, ...carriedSnap(part) };
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
