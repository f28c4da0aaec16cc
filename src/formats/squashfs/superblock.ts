import type { RandomAccess } from './random-access.js';
import { SquashfsError, SquashfsUnsupportedError } from './squashfs-error.js';

const MAGIC = 0x7371_7368;
const SIZE_BYTES = 96;
const NO_TABLE = 0xffff_ffff_ffff_ffffn;
const MIN_BLOCK_LOG = 12;
const MAX_BLOCK_LOG = 20;

/** The head of a squashfs 4.0 image: little-endian, offsets from the start of the image, in bytes. */
export interface Superblock {
  readonly inodeCount: number;
  readonly blockSize: number;
  readonly fragmentCount: number;
  readonly compressorId: number;
  readonly rootInode: InodeReference;
  /** Where the image ends; padding may follow. */
  readonly bytesUsed: number;
  readonly inodeTable: number;
  readonly directoryTable: number;
  /** Null where the image has no fragments. */
  readonly fragmentTable: number | null;
}

/** Where an inode is: a metadata block counted from the start of the inode table, and an offset in its content. */
export interface InodeReference {
  readonly block: number;
  readonly offset: number;
}

/**
 * Reads the superblock and checks it as the kernel does before it mounts (linux: fs/squashfs/super.c).
 * @throws SquashfsError where it is no squashfs or is cut short; SquashfsUnsupportedError for another version
 */
export async function readSuperblock(source: RandomAccess): Promise<Superblock> {
  if (source.sizeBytes < SIZE_BYTES) throw new SquashfsError('the snap file is too short for a squashfs image');
  const bytes = await source.read(0, SIZE_BYTES);
  if (bytes.readUInt32LE(0) !== MAGIC) throw new SquashfsError('the snap file is not a squashfs image');
  const version = `${bytes.readUInt16LE(28)}.${bytes.readUInt16LE(30)}`;
  if (version !== '4.0') {
    throw new SquashfsUnsupportedError(`the snap file is squashfs ${version}, not 4.0`, { version });
  }

  const superblock = {
    inodeCount: bytes.readUInt32LE(4),
    blockSize: bytes.readUInt32LE(12),
    fragmentCount: bytes.readUInt32LE(16),
    compressorId: bytes.readUInt16LE(20),
    rootInode: inodeReference(bytes.readBigUInt64LE(32)),
    bytesUsed: offset(bytes, 40),
    inodeTable: offset(bytes, 64),
    directoryTable: offset(bytes, 72),
    fragmentTable: bytes.readBigUInt64LE(80) === NO_TABLE ? null : offset(bytes, 80),
  };

  const blockLog = bytes.readUInt16LE(22);
  if (blockLog < MIN_BLOCK_LOG || blockLog > MAX_BLOCK_LOG || superblock.blockSize !== 2 ** blockLog) {
    throw new SquashfsError(`the snap file has a block size of ${superblock.blockSize}, log ${blockLog}`);
  }
  const { bytesUsed, inodeTable, directoryTable, fragmentTable, fragmentCount, inodeCount } = superblock;
  if (bytesUsed > source.sizeBytes) {
    throw new SquashfsError(`the snap file is cut short: ${source.sizeBytes} bytes of ${bytesUsed}`, {
      sizeBytes: source.sizeBytes,
      expectedBytes: bytesUsed,
    });
  }
  const tables = [SIZE_BYTES, inodeTable, directoryTable, fragmentTable ?? bytesUsed, bytesUsed];
  const inOrder = tables.every((table, index) => index === 0 || table >= (tables[index - 1] ?? 0));
  if (!inOrder || inodeTable === directoryTable || directoryTable >= bytesUsed || inodeCount === 0) {
    throw new SquashfsError('the tables of the snap file are not where they can be');
  }
  if (fragmentCount > 0 && fragmentTable === null) {
    throw new SquashfsError('the snap file counts fragments but has no table of them');
  }
  return superblock;
}

export function inodeReference(value: bigint): InodeReference {
  return { block: Number((value >> 16n) & 0xffff_ffffn), offset: Number(value & 0xffffn) };
}

/** What is beyond 2^53 is rounded, and refused with everything else that lies behind the end of the file. */
function offset(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}
