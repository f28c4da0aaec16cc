export { INSPECTION_LIMITS, type SquashfsLimits } from './limits.js';
export type { DirectoryInode, FileInode, Inode, OtherInode, SymlinkInode } from './inode.js';
export { BufferAccess, FileAccess, type RandomAccess } from './random-access.js';
export { SquashfsError, SquashfsLimitError, SquashfsPathError, SquashfsUnsupportedError } from './squashfs-error.js';
export { SquashfsReader, type SquashfsEntry } from './squashfs-reader.js';
