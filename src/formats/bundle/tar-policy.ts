/** What tar-stream says about an entry; the type package leaves out the last two. */
export interface TarHeader {
  readonly name: string;
  readonly type?: string | null | undefined;
  readonly size?: number | undefined;
  /** Records of the pax header before this entry, or null when it had none. */
  readonly pax?: Readonly<Record<string, string>> | null;
  /** Where the entry's content starts in the tar stream. */
  readonly byteOffset?: number;
}

/**
 * `exact`: a bundle of ours, where only plain entries occur. `tolerant`: a tarball that some other tool made, where folders
 * and pax headers that neither rename nor resize are passed over.
 */
export type TarPolicy = 'exact' | 'tolerant';

/** Why an entry may not be taken whatever is in it; `null` when its header is sound. `gap` is what lay before its header. */
export function headerProblem(header: TarHeader, gap: number, policy: TarPolicy): string | null {
  const folder = policy === 'tolerant' && header.type === 'directory';
  if (header.type !== 'file' && !folder)
    return `is ${TYPE_NAMES.get(header.type ?? '') ?? 'of an unknown type'}, not a regular file`;
  if (header.size === undefined || !Number.isSafeInteger(header.size) || header.size < 0)
    return 'has a size that is not a number';
  if (folder && header.size !== 0) return 'is a folder with content';
  if (policy === 'exact' && gap !== 0) return 'has an extended header or a gap before it';
  const records = Object.keys(header.pax ?? {});
  const harmful = records.find((key) => !HARMLESS_PAX.test(key));
  if (harmful !== undefined) return `has an extended header that sets "${harmful}"`;
  if (records.length === 0 && gap !== 0) return 'has a long name, a global header or a gap before it';
  return null;
}

/**
 * Why a path is refused; `null` when it names a place below the archive's own folder in the one way there is to write it.
 * No path of a member ever reaches the file system: this guards those who look at the archive with other tools.
 */
export function pathProblem(path: string): string | null {
  if (path === '') return 'has no name';
  if (/[\u0000-\u001f\u007f-\u009f\ufffd]/u.test(path)) return 'has a control character or broken UTF-8 in its name';
  if (path.includes('\\')) return 'has a backslash in its name';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'has an absolute path';
  const segments = path.split('/');
  if (segments.includes('..')) return 'has ".." in its path';
  if (segments.includes('.') || segments.includes('')) return 'has an empty or "." part in its path';
  return null;
}

/** Keys that change neither an entry's name nor its content (POSIX pax; xattrs of star and libarchive). */
const HARMLESS_PAX =
  /^(?:[acm]time|uid|gid|uname|gname|comment|charset|hdrcharset|(?:SCHILY\.(?:xattr|acl|fflags|dev|ino|nlink)|LIBARCHIVE).*)$/;

const TYPE_NAMES = new Map([
  ['link', 'a hard link'],
  ['symlink', 'a symbolic link'],
  ['character-device', 'a device'],
  ['block-device', 'a device'],
  ['directory', 'a folder'],
  ['fifo', 'a named pipe'],
  ['contiguous-file', 'a contiguous file'],
]);
