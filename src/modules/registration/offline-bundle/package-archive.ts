import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream';
import { extract } from 'tar-stream';

import { EXECUTABLE, type Member, READABLE } from './member.js';

/** npm puts everything below one folder, mostly of this name. */
const TOP_FOLDER = /^[^/]+\//;

/**
 * Every wanted file of a packed package, whose integrity was checked before, in the order in which they lie there. Each member's
 * content is read before the next one is asked for; what is not read is passed over.
 * @param placeOf where in the bundle a path of the package goes; null leaves it out
 */
export async function* packageMembers(file: string, placeOf: (path: string) => string | null): AsyncGenerator<Member> {
  const archive = extract();
  pipeline(createReadStream(file), createGunzip(), archive, () => undefined);
  try {
    for await (const entry of archive) {
      const { header } = entry;
      const path = placeOf(header.name.replace(TOP_FOLDER, ''));
      if (header.type !== 'file' || path === null) {
        entry.resume();
        continue;
      }
      yield {
        path,
        mode: (header.mode & 0o111) === 0 ? READABLE : EXECUTABLE,
        sizeBytes: header.size,
        content: () => entry as AsyncIterable<Uint8Array>,
      };
      entry.resume();
    }
  } finally {
    archive.destroy();
  }
}
