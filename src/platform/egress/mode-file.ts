import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'airgap.json';

/**
 * Whether this machine's store is in air-gapped mode, as told by DATA/airgap.json: what has to be known before anything else
 * is loaded, and before the database can be asked. A file that cannot be read or understood means that it is.
 */
export function readModeFile(dataDir: string): { readonly isOn: boolean; readonly since: Date | null } {
  try {
    const { airGapped, since } = JSON.parse(readFileSync(join(dataDir, NAME), 'utf8')) as Record<string, unknown>;
    const date = new Date(String(since));
    return { isOn: airGapped !== false, since: Number.isNaN(date.getTime()) ? null : date };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { isOn: code !== 'ENOENT' && code !== 'ENOTDIR', since: null };
  }
}

/** Replaces the file (0600): the whole old one or the whole new one is there at every moment. Null takes it away. */
export async function writeModeFile(dataDir: string, since: Date | null): Promise<void> {
  const path = join(dataDir, NAME);
  if (since === null) {
    await rm(path, { force: true });
  } else {
    const temporary = `${path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ airGapped: true, since: since.toISOString() })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  }
  const folder = await open(dataDir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
