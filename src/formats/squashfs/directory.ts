import type { InodeReference } from './superblock.js';
import { SquashfsError } from './squashfs-error.js';

const HEADER_BYTES = 12;
const ENTRY_BYTES = 8;
const MAX_ENTRIES_A_HEADER = 256;
const SLASH = 0x2f;

/** One name in a folder. */
export interface DirectoryEntry {
  readonly name: Buffer;
  readonly inode: InodeReference;
}

/**
 * Goes through the listing of a folder. Names must be in order and different, as every writer leaves them: in a folder that names
 * something twice, different readers find different things.
 * @throws SquashfsError
 */
export function* readDirectory(listing: Buffer): Generator<DirectoryEntry> {
  let previous: Buffer | null = null;
  let at = 0;
  while (at < listing.length) {
    if (at + HEADER_BYTES > listing.length) throw damaged('ends early');
    const count = listing.readUInt32LE(at) + 1;
    const block = listing.readUInt32LE(at + 4);
    at += HEADER_BYTES;
    if (count > MAX_ENTRIES_A_HEADER) throw damaged(`has ${count} entries in one part`);

    for (let index = 0; index < count; index++) {
      if (at + ENTRY_BYTES > listing.length) throw damaged('ends early');
      const offset = listing.readUInt16LE(at);
      const nameBytes = listing.readUInt16LE(at + 6) + 1;
      at += ENTRY_BYTES;
      if (at + nameBytes > listing.length) throw damaged('ends early');
      const name = listing.subarray(at, at + nameBytes);
      at += nameBytes;
      checkName(name);
      if (previous !== null && Buffer.compare(previous, name) >= 0) {
        throw damaged('names something twice or out of order');
      }
      previous = name;
      yield { name, inode: { block, offset } };
    }
  }
}

function checkName(name: Buffer): void {
  const text = name.toString('latin1');
  if (text === '.' || text === '..' || name.includes(0) || name.includes(SLASH) || name.length > 256) {
    throw damaged(`has a name that cannot be: ${JSON.stringify(text.slice(0, 60))}`);
  }
}

function damaged(reason: string): SquashfsError {
  return new SquashfsError(`a folder of the snap file ${reason}`);
}
