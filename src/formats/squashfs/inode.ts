import type { MetadataCursor } from './metadata.js';
import { SquashfsError } from './squashfs-error.js';

const NO_FRAGMENT = 0xffff_ffff;
/** PATH_MAX, the kernel's own bound for what a symlink says. */
const MAX_TARGET_BYTES = 4096;
/** `.` and `..` are counted in a directory's size but not stored. */
const DOTS_BYTES = 3;

/** A file, folder or link of the image. `mode` is the permission bits. */
export type Inode = FileInode | DirectoryInode | SymlinkInode | OtherInode;

export interface FileInode {
  readonly kind: 'file';
  readonly mode: number;
  readonly sizeBytes: number;
  /** Where the first data block is, from the start of the image. */
  readonly dataStart: number;
  /** Where the file's end is when it shares a block with others. */
  readonly fragment: { readonly index: number; readonly offset: number } | null;
  /** At the sizes of the data blocks, 4 bytes each. To be copied before use. */
  readonly blockSizes: MetadataCursor;
}

export interface DirectoryInode {
  readonly kind: 'directory';
  readonly mode: number;
  /** The listing: a block counted from the start of the directory table, an offset in its content, and a length. */
  readonly block: number;
  readonly offset: number;
  readonly listingBytes: number;
}

export interface SymlinkInode {
  readonly kind: 'symlink';
  readonly mode: number;
  readonly target: string;
}

/** A device, pipe or socket. */
export interface OtherInode {
  readonly kind: 'other';
  readonly mode: number;
}

/** Reads the inode at the cursor. @throws SquashfsError */
export async function readInode(cursor: MetadataCursor): Promise<Inode> {
  const header = await cursor.read(16);
  const type = header.readUInt16LE(0);
  const mode = header.readUInt16LE(2) & 0o7777;
  switch (type) {
    case 1:
      return basicDirectory(await cursor.read(16), mode);
    case 8:
      return extendedDirectory(await cursor.read(24), mode);
    case 2:
      return basicFile(await cursor.read(16), mode, cursor);
    case 9:
      return extendedFile(await cursor.read(40), mode, cursor);
    case 3:
    case 10:
      return symlink(cursor, mode);
    case 4:
    case 5:
    case 6:
    case 7:
    case 11:
    case 12:
    case 13:
    case 14:
      return { kind: 'other', mode };
    default:
      throw new SquashfsError(`the snap file has an inode of unknown type ${type}`, { type });
  }
}

function basicDirectory(bytes: Buffer, mode: number): DirectoryInode {
  return directory(mode, bytes.readUInt32LE(0), bytes.readUInt16LE(10), bytes.readUInt16LE(8));
}

function extendedDirectory(bytes: Buffer, mode: number): DirectoryInode {
  return directory(mode, bytes.readUInt32LE(8), bytes.readUInt16LE(18), bytes.readUInt32LE(4));
}

function directory(mode: number, block: number, offset: number, sizeBytes: number): DirectoryInode {
  return { kind: 'directory', mode, block, offset, listingBytes: Math.max(0, sizeBytes - DOTS_BYTES) };
}

function basicFile(bytes: Buffer, mode: number, blockSizes: MetadataCursor): FileInode {
  return {
    kind: 'file',
    mode,
    sizeBytes: bytes.readUInt32LE(12),
    dataStart: bytes.readUInt32LE(0),
    fragment: fragment(bytes.readUInt32LE(4), bytes.readUInt32LE(8)),
    blockSizes,
  };
}

function extendedFile(bytes: Buffer, mode: number, blockSizes: MetadataCursor): FileInode {
  return {
    kind: 'file',
    mode,
    sizeBytes: safe(bytes.readBigUInt64LE(8)),
    dataStart: safe(bytes.readBigUInt64LE(0)),
    fragment: fragment(bytes.readUInt32LE(28), bytes.readUInt32LE(32)),
    blockSizes,
  };
}

function fragment(index: number, offset: number): FileInode['fragment'] {
  return index === NO_FRAGMENT ? null : { index, offset };
}

async function symlink(cursor: MetadataCursor, mode: number): Promise<SymlinkInode> {
  const length = (await cursor.read(8)).readUInt32LE(4);
  if (length === 0 || length > MAX_TARGET_BYTES) {
    throw new SquashfsError(`the snap file has a symlink with a target of ${length} bytes`, { length });
  }
  return { kind: 'symlink', mode, target: (await cursor.read(length)).toString('utf8') };
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new SquashfsError('the snap file has a file beyond all sizes');
  return Number(value);
}
