import { deflateSync } from 'node:zlib';

const SUPERBLOCK_BYTES = 96;
const METADATA_BLOCK = 8192;
const NO_TABLE = 0xffff_ffff_ffff_ffffn;
const NO_FRAGMENT = 0xffff_ffff;
const DATA_STORED = 0x100_0000;
const METADATA_STORED = 0x8000;

/** What an image is made of: file contents by path; folders follow from the paths. */
export type ImageTree = Readonly<Record<string, Buffer | string | { readonly symlink: string }>>;

export interface ImageOptions {
  /** A power of two from 4 KiB to 1 MiB. */
  readonly blockSize?: number;
  /** Compresses data and metadata with gzip; without it everything is stored, and bytes can be patched. */
  readonly gzip?: boolean;
  /** Puts the ends of files into one block that they share. */
  readonly fragments?: boolean;
}

/** A squashfs 4.0 image. For tests: it is made in memory, and has what our reader reads, without owners and times. */
export function buildSquashfs(tree: ImageTree, options: ImageOptions = {}): Buffer {
  return new ImageWriter(options).build(tree);
}

interface Folder {
  readonly children: Map<string, Folder | Buffer | { readonly symlink: string }>;
}

interface Entry {
  readonly name: Buffer;
  readonly type: number;
  readonly number: number;
  readonly block: number;
  readonly offset: number;
}

class ImageWriter {
  private readonly blockSize: number;
  private readonly data: Buffer[] = [];
  private readonly inodes: MetadataWriter;
  private readonly listings: MetadataWriter;
  private readonly compress: (bytes: Buffer) => Buffer | null;
  private readonly fragment: Buffer[] = [];
  private dataEnd = SUPERBLOCK_BYTES;
  private inodeCount = 0;

  constructor(private readonly options: ImageOptions) {
    this.blockSize = options.blockSize ?? 131_072;
    this.compress = (bytes) => {
      const smaller = options.gzip === true ? deflateSync(bytes) : bytes;
      return smaller.length < bytes.length ? smaller : null;
    };
    this.inodes = new MetadataWriter(this.compress);
    this.listings = new MetadataWriter(this.compress);
  }

  build(tree: ImageTree): Buffer {
    const root = this.writeFolder(folders(tree), this.inodeCount);
    const fragmentBlock = this.fragment.length === 0 ? null : this.writeBlock(Buffer.concat(this.fragment));
    const inodeTable = this.inodes.finish();
    const directoryTable = this.listings.finish();
    const directoryStart = this.dataEnd + inodeTable.length;
    const tableStart = directoryStart + directoryTable.length;

    const tables: Buffer[] = [];
    let fragmentTable = NO_TABLE;
    if (fragmentBlock !== null) {
      const entry = Buffer.alloc(16);
      entry.writeBigUInt64LE(BigInt(fragmentBlock.position), 0);
      entry.writeUInt32LE(fragmentBlock.word, 8);
      fragmentTable = BigInt(tableStart + 18);
      tables.push(storedMetadata(entry), pointer(tableStart));
    }
    const idStart = tableStart + tables.reduce((sum, table) => sum + table.length, 0);
    tables.push(storedMetadata(Buffer.alloc(4)), pointer(idStart));

    const head = Buffer.alloc(SUPERBLOCK_BYTES);
    const image = Buffer.concat([head, ...this.data, inodeTable, directoryTable, ...tables]);
    image.write('hsqs', 0, 'latin1');
    image.writeUInt32LE(this.inodeCount, 4);
    image.writeUInt32LE(this.blockSize, 12);
    image.writeUInt32LE(fragmentBlock === null ? 0 : 1, 16);
    image.writeUInt16LE(1, 20);
    image.writeUInt16LE(Math.log2(this.blockSize), 22);
    image.writeUInt16LE(1, 26);
    image.writeUInt16LE(4, 28);
    image.writeBigUInt64LE((BigInt(root.block) << 16n) | BigInt(root.offset), 32);
    image.writeBigUInt64LE(BigInt(image.length), 40);
    image.writeBigUInt64LE(BigInt(idStart + 6), 48);
    image.writeBigUInt64LE(NO_TABLE, 56);
    image.writeBigUInt64LE(BigInt(this.dataEnd), 64);
    image.writeBigUInt64LE(BigInt(directoryStart), 72);
    image.writeBigUInt64LE(fragmentTable, 80);
    image.writeBigUInt64LE(NO_TABLE, 88);
    return image;
  }

  private writeFolder(folder: Folder, parent: number): Omit<Entry, 'name'> {
    const number = ++this.inodeCount;
    const entries = [...folder.children]
      .map(([name, child]) => ({ name: Buffer.from(name), child }))
      .sort((left, right) => Buffer.compare(left.name, right.name))
      .map(({ name, child }): Entry => ({ name, ...this.writeChild(child, number) }));
    const listing = encodeListing(entries);
    const place = this.listings.place();
    this.listings.write(listing);

    const inode = Buffer.alloc(40);
    const isLong = listing.length + 3 > 0xffff;
    writeInodeHead(inode, isLong ? 8 : 1, 0o755, number);
    if (isLong) {
      inode.writeUInt32LE(2, 16);
      inode.writeUInt32LE(listing.length + 3, 20);
      inode.writeUInt32LE(place.block, 24);
      inode.writeUInt32LE(parent, 28);
      inode.writeUInt16LE(place.offset, 34);
      inode.writeUInt32LE(0xffff_ffff, 36);
    } else {
      inode.writeUInt32LE(place.block, 16);
      inode.writeUInt32LE(2, 20);
      inode.writeUInt16LE(listing.length + 3, 24);
      inode.writeUInt16LE(place.offset, 26);
      inode.writeUInt32LE(parent, 28);
    }
    const own = this.inodes.place();
    this.inodes.write(isLong ? inode : inode.subarray(0, 32));
    return { type: 1, number, ...own };
  }

  private writeChild(child: Folder | Buffer | { readonly symlink: string }, parent: number): Omit<Entry, 'name'> {
    if ('children' in child) return this.writeFolder(child, parent);
    if (Buffer.isBuffer(child)) return this.writeFile(child);
    const number = ++this.inodeCount;
    const target = Buffer.from(child.symlink);
    const inode = Buffer.alloc(24);
    writeInodeHead(inode, 3, 0o777, number);
    inode.writeUInt32LE(1, 16);
    inode.writeUInt32LE(target.length, 20);
    const own = this.inodes.place();
    this.inodes.write(Buffer.concat([inode, target]));
    return { type: 3, number, ...own };
  }

  private writeFile(content: Buffer): Omit<Entry, 'name'> {
    const number = ++this.inodeCount;
    const hasFragment = this.options.fragments === true && content.length % this.blockSize > 0;
    const inBlocks = hasFragment ? content.length - (content.length % this.blockSize) : content.length;
    const start = this.dataEnd;
    const words: number[] = [];
    for (let at = 0; at < inBlocks; at += this.blockSize) {
      words.push(this.writeBlock(content.subarray(at, Math.min(at + this.blockSize, inBlocks))).word);
    }
    const inode = Buffer.alloc(32 + words.length * 4);
    writeInodeHead(inode, 2, 0o644, number);
    inode.writeUInt32LE(start, 16);
    inode.writeUInt32LE(hasFragment ? 0 : NO_FRAGMENT, 20);
    inode.writeUInt32LE(hasFragment ? this.fragment.reduce((sum, part) => sum + part.length, 0) : 0, 24);
    inode.writeUInt32LE(content.length, 28);
    words.forEach((word, index) => inode.writeUInt32LE(word, 32 + index * 4));
    if (hasFragment) this.fragment.push(content.subarray(inBlocks));
    const own = this.inodes.place();
    this.inodes.write(inode);
    return { type: 2, number, ...own };
  }

  private writeBlock(content: Buffer): { readonly position: number; readonly word: number } {
    const position = this.dataEnd;
    const compressed = this.compress(content);
    const bytes = compressed ?? content;
    this.data.push(bytes);
    this.dataEnd += bytes.length;
    return { position, word: compressed === null ? bytes.length | DATA_STORED : bytes.length };
  }
}

/** Metadata blocks, written as they fill up, so that the place of what comes next is always known. */
class MetadataWriter {
  private readonly blocks: Buffer[] = [];
  private pending = Buffer.alloc(0);
  private size = 0;

  constructor(private readonly compress: (bytes: Buffer) => Buffer | null) {}

  place(): { readonly block: number; readonly offset: number } {
    return { block: this.size, offset: this.pending.length };
  }

  write(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    while (this.pending.length >= METADATA_BLOCK) this.flush();
  }

  finish(): Buffer {
    if (this.pending.length > 0) this.flush();
    return Buffer.concat(this.blocks);
  }

  private flush(): void {
    const content = this.pending.subarray(0, METADATA_BLOCK);
    this.pending = this.pending.subarray(content.length);
    const compressed = this.compress(content);
    const header = Buffer.alloc(2);
    header.writeUInt16LE(compressed === null ? content.length | METADATA_STORED : compressed.length);
    this.blocks.push(header, compressed ?? content);
    this.size += 2 + (compressed ?? content).length;
  }
}

function folders(tree: ImageTree): Folder {
  const root: Folder = { children: new Map() };
  for (const [path, content] of Object.entries(tree)) {
    const names = path.split('/').filter((name) => name !== '');
    const last = names.pop() ?? path;
    let folder = root;
    for (const name of names) {
      const next = folder.children.get(name) ?? { children: new Map() };
      if (!('children' in next)) throw new Error(`${path} lies in a file`);
      folder.children.set(name, next);
      folder = next;
    }
    folder.children.set(last, typeof content === 'string' ? Buffer.from(content) : content);
  }
  return root;
}

/** Entries in runs: each run has at most 256, all inodes in one block and close in number. */
function encodeListing(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < entries.length;) {
    const first = entries[start]!;
    let end = start;
    while (end < entries.length && end - start < 256 && entries[end]!.block === first.block) end++;
    const head = Buffer.alloc(12);
    head.writeUInt32LE(end - start - 1, 0);
    head.writeUInt32LE(first.block, 4);
    head.writeUInt32LE(first.number, 8);
    parts.push(head);
    for (const entry of entries.slice(start, end)) {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt16LE(entry.offset, 0);
      bytes.writeInt16LE(entry.number - first.number, 2);
      bytes.writeUInt16LE(entry.type, 4);
      bytes.writeUInt16LE(entry.name.length - 1, 6);
      parts.push(bytes, entry.name);
    }
    start = end;
  }
  return Buffer.concat(parts);
}

function writeInodeHead(inode: Buffer, type: number, mode: number, number: number): void {
  inode.writeUInt16LE(type, 0);
  inode.writeUInt16LE(mode, 2);
  inode.writeUInt32LE(number, 12);
}

function storedMetadata(content: Buffer): Buffer {
  const header = Buffer.alloc(2);
  header.writeUInt16LE(content.length | METADATA_STORED);
  return Buffer.concat([header, content]);
}

function pointer(position: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(position));
  return bytes;
}
