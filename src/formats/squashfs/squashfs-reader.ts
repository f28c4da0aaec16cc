import { decompressorFor } from './compressors/index.js';
import { DataReader } from './data.js';
import { readDirectory } from './directory.js';
import { readInode, type DirectoryInode, type FileInode, type Inode } from './inode.js';
import { Budget, INSPECTION_LIMITS, type SquashfsLimits } from './limits.js';
import { MetadataReader } from './metadata.js';
import type { RandomAccess } from './random-access.js';
import { SquashfsError, SquashfsLimitError, SquashfsPathError } from './squashfs-error.js';
import { readSuperblock, type InodeReference, type Superblock } from './superblock.js';

/** A name in a folder, with what it names. */
export interface SquashfsEntry {
  readonly name: string;
  readonly inode: Inode;
}

/**
 * Reads a squashfs 4.0 image (linux: Documentation/filesystems/squashfs.rst) without mounting or unpacking it. Images are taken for
 * hostile: every method fails with a SquashfsError, or stays within the limits. Symlinks are shown and never followed, as where
 * snapd takes single files out of a snap (snapd: snap/squashfs/squashfs.go ReadFile).
 */
export class SquashfsReader {
  private constructor(
    private readonly superblock: Superblock,
    private readonly metadata: MetadataReader,
    private readonly data: DataReader,
    private readonly limits: SquashfsLimits,
    /** `gzip`, `lzma`, `lzo`, `xz`, `lz4` or `zstd`. */
    readonly compressor: string,
  ) {}

  /**
   * The caller keeps the source open while it reads, and closes it.
   * @throws SquashfsError where the source is no squashfs 4.0, or shorter than the image says it is
   */
  static async open(source: RandomAccess, limits: SquashfsLimits = INSPECTION_LIMITS): Promise<SquashfsReader> {
    const superblock = await readSuperblock(source);
    const { name, decompress } = decompressorFor(superblock.compressorId);
    const budget = new Budget(limits.totalBytes);
    const metadata = new MetadataReader(source, decompress, budget);
    const data = new DataReader(source, superblock, decompress, metadata, budget);
    return new SquashfsReader(superblock, metadata, data, limits, name);
  }

  /** The size of the image in bytes. The file may be longer: images are padded. */
  get imageBytes(): number {
    return this.superblock.bytesUsed;
  }

  /** What `path` (`meta/snap.yaml`) names, or null where there is no such thing. */
  async lookup(path: string): Promise<Inode | null> {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.length > this.limits.depth) throw new SquashfsLimitError(`"${path.slice(0, 60)}…" lies too deep`);
    let inode = await this.inode(this.superblock.rootInode);
    for (const name of names) {
      if (inode.kind !== 'directory') return null;
      const reference = await this.find(inode, Buffer.from(name));
      if (reference === null) return null;
      inode = await this.inode(reference);
    }
    return inode;
  }

  /** What is in a folder, in the order of the names' bytes. @throws SquashfsPathError where it is no folder */
  async list(path: string): Promise<SquashfsEntry[]> {
    const inode = await this.lookup(path);
    if (inode === null) throw new SquashfsPathError(path, 'does not exist');
    if (inode.kind !== 'directory') throw new SquashfsPathError(path, 'is not a folder');
    const entries: SquashfsEntry[] = [];
    for (const { name, inode: reference } of readDirectory(await this.listing(inode))) {
      entries.push({ name: name.toString('utf8'), inode: await this.inode(reference) });
    }
    return entries;
  }

  /**
   * A whole file.
   * @throws SquashfsPathError where there is none or it is something else, a symlink for example; SquashfsLimitError where it is
   * larger than `maxBytes`
   */
  async readFile(path: string, maxBytes: number): Promise<Buffer> {
    const inode = await this.lookup(path);
    if (inode === null) throw new SquashfsPathError(path, 'does not exist');
    if (inode.kind !== 'file') throw new SquashfsPathError(path, `is a ${inode.kind}, not a regular file`);
    if (inode.sizeBytes > maxBytes) {
      throw new SquashfsLimitError(`"${path}" in the snap file is ${inode.sizeBytes} bytes, more than ${maxBytes}`, {
        path,
        sizeBytes: inode.sizeBytes,
        maxBytes,
      });
    }
    const blocks: Buffer[] = [];
    for await (const block of this.content(inode)) blocks.push(block);
    return Buffer.concat(blocks, inode.sizeBytes);
  }

  /** The bytes of a file, a block (at most 1 MiB) at a time. */
  content(file: FileInode): AsyncGenerator<Buffer, void, undefined> {
    return this.data.content(file);
  }

  /** Everything in the image, folders before what is in them; paths without a leading slash, the root itself left out. */
  async *walk(): AsyncGenerator<{ readonly path: string; readonly inode: Inode }, void, undefined> {
    const seenFolders = new Set<string>();
    let left = this.limits.walkEntries;
    const pending: { path: string; depth: number; reference: InodeReference }[] = [
      { path: '', depth: 0, reference: this.superblock.rootInode },
    ];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { path, depth, reference } = next;
      const inode = await this.inode(reference);
      if (path !== '') yield { path, inode };
      if (inode.kind !== 'directory') continue;

      const key = `${reference.block}:${reference.offset}`;
      if (seenFolders.has(key)) throw new SquashfsError('a folder of the snap file is in itself or in two places');
      seenFolders.add(key);
      if (depth >= this.limits.depth) throw new SquashfsLimitError('the folders of the snap file are nested too deep');
      for (const { name, inode: child } of readDirectory(await this.listing(inode))) {
        if (--left < 0) throw new SquashfsLimitError(`the snap file has more than ${this.limits.walkEntries} entries`);
        const text = name.toString('utf8');
        pending.push({ path: path === '' ? text : `${path}/${text}`, depth: depth + 1, reference: child });
      }
    }
  }

  private async find(folder: DirectoryInode, wanted: Buffer): Promise<InodeReference | null> {
    let found: InodeReference | null = null;
    for (const { name, inode } of readDirectory(await this.listing(folder))) {
      if (name.equals(wanted)) found = inode;
    }
    return found;
  }

  private async listing(folder: DirectoryInode): Promise<Buffer> {
    if (folder.listingBytes > this.limits.directoryBytes) {
      throw new SquashfsLimitError(`the snap file lists a folder in ${folder.listingBytes} bytes`, {
        listingBytes: folder.listingBytes,
      });
    }
    const { directoryTable, fragmentTable, bytesUsed } = this.superblock;
    const start = directoryTable + folder.block;
    return this.metadata.cursor(start, folder.offset, fragmentTable ?? bytesUsed).read(folder.listingBytes);
  }

  private inode(reference: InodeReference): Promise<Inode> {
    const { inodeTable, directoryTable } = this.superblock;
    return readInode(this.metadata.cursor(inodeTable + reference.block, reference.offset, directoryTable));
  }
}
