import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeAssertionStream } from '../../formats/assertion/index.js';
import type { AuthorityIdentity } from '../../modules/registration/index.js';

/**
 * Writes what others have to trust (`proxy.trust.extra-roots`) into the data folder; whoever lost it gets it back. It is public.
 * @returns its path
 */
export async function writeRootFile(dataDir: string, { assertions }: AuthorityIdentity): Promise<string> {
  const path = join(dataDir, 'authority-root.assert');
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, encodeAssertionStream(assertions), { mode: 0o644, flag: 'wx' });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  return path;
}
