import { closeSync, fchownSync, fstatSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Something that the guard did not let happen. */
export interface Refusal {
  readonly at: Date;
  readonly kind: 'connection' | 'datagram' | 'lookup' | 'request' | 'program' | 'binding';
  /** `host:port`, a name, or a program. */
  readonly destination: string;
  /** `function (file:line)`. */
  readonly caller: string;
}

export interface RefusalSummary {
  readonly count: number;
  readonly last: (Refusal & { readonly pid: number }) | null;
}

const NAME = 'egress-refusals.log';
const OLDER = `${NAME}.1`;
const ROTATE_AT_BYTES = 1024 * 1024;
const REPEATS_EVERY_MS = 1_000;
const MAX_KINDS_PENDING = 1_000;

/**
 * Keeps what was refused in DATA, for `status`: one JSON document a line, appended by every process and thread of the store.
 * The same refusal again is counted and written once a second, and two files of 1 MiB are all that there ever is.
 */
export class RefusalLog {
  private readonly pending = new Map<string, { refusal: Refusal; count: number }>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly dataDir: string) {}

  add(refusal: Refusal): void {
    const key = `${refusal.kind} ${refusal.destination} ${refusal.caller}`;
    const repeated = this.pending.get(key);
    if (repeated !== undefined || this.pending.size >= MAX_KINDS_PENDING) {
      this.pending.set(key, { refusal, count: (repeated?.count ?? 0) + 1 });
    } else {
      this.append(refusal, 1);
      this.pending.set(key, { refusal, count: 0 });
    }
    this.timer ??= setTimeout(() => {
      this.flush();
    }, REPEATS_EVERY_MS).unref();
  }

  /** Writes what was only counted so far; also to be called when the process ends. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const { refusal, count } of this.pending.values()) if (count > 0) this.append(refusal, count);
    this.pending.clear();
  }

  /** Nothing that goes wrong here may get into the way of what is going on. */
  private append(refusal: Refusal, count: number): void {
    const line = `${JSON.stringify({ ...refusal, pid: process.pid, count })}\n`;
    try {
      const path = join(this.dataDir, NAME);
      const file = openSync(path, 'a', 0o600);
      try {
        if (process.geteuid?.() === 0) giveToOwner(file, this.dataDir);
        writeSync(file, line);
        if (fstatSync(file).size > ROTATE_AT_BYTES) renameSync(path, join(this.dataDir, OLDER));
      } finally {
        closeSync(file);
      }
    } catch {
      // The disk is full or the folder is gone; the refusal itself and the log of the process remain.
    }
  }
}

/** What was refused since a moment, as far back as the files go. */
export async function readRefusals(dataDir: string, since: Date | null): Promise<RefusalSummary> {
  let count = 0;
  let last: RefusalSummary['last'] = null;
  for (const name of [OLDER, NAME]) {
    const text = await readFile(join(dataDir, name), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const entry = parse(line);
      if (entry === null || (since !== null && entry.refusal.at < since)) continue;
      count += entry.count;
      if (last === null || entry.refusal.at >= last.at) last = entry.refusal;
    }
  }
  return { count, last };
}

/** Null for a line that was cut off by a crash. */
function parse(line: string): { refusal: Refusal & { pid: number }; count: number } | null {
  try {
    const { at, kind, destination, caller, pid, count } = JSON.parse(line) as Omit<Refusal, 'at'> & {
      at: string;
      pid: number;
      count: number;
    };
    return { refusal: { at: new Date(at), kind, destination, caller, pid }, count };
  } catch {
    return null;
  }
}

/** Written as root before the process became the owner of the data folder. */
function giveToOwner(file: number, dataDir: string): void {
  const { uid, gid } = statSync(dataDir);
  if (fstatSync(file).uid !== uid) fchownSync(file, uid, gid);
}
