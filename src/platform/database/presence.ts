import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Whether there is a database to ask: an external one is configured, or the embedded one of the data folder has been made. */
export async function hasDatabase(dataDir: string, connectionUri: string | null): Promise<boolean> {
  if (connectionUri !== null) return true;
  const marks = ['cluster/PG_VERSION', 'location'].map((name) => isThere(join(dataDir, 'database', name)));
  return (await Promise.all(marks)).includes(true);
}

/** What one may not look at is taken to be there, so that opening it says why it cannot be used. */
function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => !['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''),
  );
}
