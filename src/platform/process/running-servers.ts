import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A server that runs on this data folder on this machine. */
export interface RunningServerRecord {
  readonly pid: number;
  /** Tells this process from a later one with the same number (/proc/PID/stat, field 22). */
  readonly startTicks: string;
  /** Where it listens: an address of this machine, or all of them (`::`, `0.0.0.0`). */
  readonly address: { readonly host: string; readonly port: number };
  /** Where it listens for HTTPS; null while it does not. */
  readonly secureAddress: { readonly host: string; readonly port: number } | null;
  readonly urls: readonly string[];
  readonly startedAt: string;
}

const FOLDER = 'run';

/**
 * Leaves a note in DATA/run, so that `status` and `doctor` find the server wherever it listens; again, it replaces the note.
 * @returns how to take it away
 */
export async function recordServer(
  dataDir: string,
  server: Pick<RunningServerRecord, 'address' | 'secureAddress' | 'urls'>,
): Promise<() => Promise<void>> {
  const folder = join(dataDir, FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `serve-${process.pid}.json`);
  const record: RunningServerRecord = {
    pid: process.pid,
    startTicks: (await startTicks(process.pid)) ?? '',
    address: server.address,
    secureAddress: server.secureAddress,
    urls: server.urls,
    startedAt: new Date().toISOString(),
  };
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(record));
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return () => rm(path, { force: true }).catch(() => undefined);
}

/** Those that are alive. Notes that killed processes have left are taken away. */
export async function runningServers(dataDir: string): Promise<RunningServerRecord[]> {
  const folder = join(dataDir, FOLDER);
  const names = await readdir(folder).catch(() => []);
  const found: RunningServerRecord[] = [];
  for (const name of names) {
    if (!/^serve-\d+\.json$/.test(name)) continue;
    const path = join(folder, name);
    const record = await readRecord(path);
    if (record !== null && (await startTicks(record.pid)) === record.startTicks) found.push(record);
    else await rm(path, { force: true }).catch(() => undefined);
  }
  return found.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

async function readRecord(path: string): Promise<RunningServerRecord | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunningServerRecord;
  } catch {
    return null;
  }
}

async function startTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  // The second field is a name that may hold spaces and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? null : (fields[19] ?? null);
}
