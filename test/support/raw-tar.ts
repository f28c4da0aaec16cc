/** An entry of a tar archive made by hand, so that it can be as wrong as a test needs it. */
export interface RawEntry {
  readonly path: string | Buffer;
  readonly content?: Buffer;
  /** The type flag of the header; `0` is a regular file (POSIX, ustar interchange format). */
  readonly type?: string;
  readonly linkName?: string;
  /** What the header says the size is; by default what it is. */
  readonly size?: number;
}

const BLOCK = 512;

/** A ustar archive of these entries, with the two blocks of zeros that end one unless asked otherwise. */
export function rawTar(entries: readonly RawEntry[], end: Buffer = Buffer.alloc(2 * BLOCK)): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => [rawHeader(entry), padded(entry.content ?? Buffer.alloc(0))]),
    end,
  ]);
}

export function rawHeader({ path, content, type = '0', linkName = '', size }: RawEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  const name = Buffer.isBuffer(path) ? path : Buffer.from(path);
  // Names of media are longer than the 100 bytes there are: their folder goes into the prefix field.
  const slash = name.length > 100 ? name.indexOf('/') : -1;
  name.copy(header, 0, slash + 1, slash + 101);
  if (slash > 0) name.copy(header, 345, 0, slash);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? content?.length ?? 0).toString(8).padStart(11, '0')} `, 124);
  header.write('00000000000 ', 136);
  header.write(type, 156);
  header.write(linkName, 157);
  header.write('ustar\x0000', 257, 'latin1');
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** A pax header's records: `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
export function paxRecords(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (`${length}${rest}`.length !== length) length++;
    return `${length}${rest}`;
  });
  return Buffer.from(lines.join(''));
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}
