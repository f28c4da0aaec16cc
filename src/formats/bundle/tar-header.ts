/** The unit of tar: headers are one block, contents end on one. */
export const TAR_BLOCK = 512;
/** The largest size that eleven octal digits hold. */
const MAX_OCTAL_SIZE = 8 ** 11 - 1;
const MODE = 0o644;
const NAME_BYTES = 100;

/**
 * The header of a plain file in a bundle (POSIX ustar, and base 256 for sizes from 8 GiB on, as GNU tar does it): its path, size and
 * mode, and nothing that would make equal contents unequal bytes.
 * @param path ASCII; where it has more than 100 characters, at most as many behind its first slash
 */
export function tarHeader(path: string, size: number): Buffer {
  const [folder, name] = path.length > NAME_BYTES ? cut(path) : ['', path];
  const header = Buffer.alloc(TAR_BLOCK);
  header.write(name, 0, 'latin1');
  header.write(octal(MODE, 6), 100, 'latin1');
  header.write(octal(0, 6), 108, 'latin1');
  header.write(octal(0, 6), 116, 'latin1');
  if (size <= MAX_OCTAL_SIZE) {
    header.write(octal(size, 11), 124, 'latin1');
  } else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write(octal(0, 11), 136, 'latin1');
  header.write('        0', 148, 'latin1');
  header.write('ustar\0' + '00', 257, 'latin1');
  header.write(octal(0, 6), 329, 'latin1');
  header.write(octal(0, 6), 337, 'latin1');
  header.write(folder, 345, 'latin1');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')} \0`, 148, 'latin1');
  return header;
}

function cut(path: string): [string, string] {
  const at = path.indexOf('/');
  if (path.length - at - 1 > NAME_BYTES) throw new TypeError(`"${path}" does not fit into a tar header`);
  return [path.slice(0, at), path.slice(at + 1)];
}

/** Bytes after a content of this size, up to the next block. */
export function tarPadding(size: number): number {
  return (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')} `;
}
