import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';

import { formatPartSetName, isSameSet, type PartFile, type PartSetName } from '../../../formats/bundle/index.js';
import { parseByteSize } from '../../../kernel/byte-size.js';
import { DataDirectory } from '../../../platform/config/data-directory.js';
import { ensurePrivateFolder } from '../../../platform/config/private-folder.js';
import { Settings } from '../../../platform/config/settings.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { TooManyWaitingPartsError } from './parts.errors.js';

const PARTS_LIMIT_SETTING = 'proxy.import.parts-limit';
const MAX_BUNDLES = 64;
const SET_FILE = 'bundle.json';
const LOCK = 'import waiting parts';

/** Parts of one bundle that wait for the others. */
export interface WaitingBundle {
  readonly set: PartSetName;
  /** Ascending by number. */
  readonly parts: readonly PartFile[];
  /** When the last of them came. */
  readonly since: Date;
}

/**
 * Parts of bundles that have arrived without the others: DATA/waiting-parts, a folder for each bundle, a file for each part. What
 * they hold is not looked at before all are there. Room for them is limited by `proxy.import.parts-limit`.
 */
@Injectable()
export class WaitingParts {
  private readonly root: string;

  constructor(
    data: DataDirectory,
    private readonly settings: Settings,
    private readonly locks: AdvisoryLocks,
  ) {
    this.root = data.folder('waiting-parts');
  }

  /** By the names of their bundles. */
  async list(): Promise<WaitingBundle[]> {
    const bundles: WaitingBundle[] = [];
    for (const folder of await entries(this.root)) {
      const bundle = await this.read(join(this.root, folder));
      if (bundle !== null) bundles.push(bundle);
    }
    return bundles.sort((one, other) => (formatPartSetName(one.set) < formatPartSetName(other.set) ? -1 : 1));
  }

  async of(set: PartSetName): Promise<readonly PartFile[]> {
    const bundle = await this.read(this.folderOf(set));
    return bundle !== null && isSameSet(bundle.set, set) ? bundle.parts : [];
  }

  /**
   * Keeps parts until the others come; one that is kept already is replaced. All of them are on the disk when this resolves; where
   * it throws, those that were kept before still are.
   * @throws TooManyWaitingPartsError before anything is written; what reading or writing them fails with
   */
  async keep(
    set: PartSetName,
    parts: readonly PartFile[],
    read: (part: PartFile) => AsyncIterable<Buffer>,
  ): Promise<void> {
    await this.locks.with(LOCK, 'exclusive', async () => {
      await this.checkRoom(set, parts);
      const folder = this.folderOf(set);
      await ensurePrivateFolder(folder);
      await this.removeUnfinished(folder);
      await write(folder, SET_FILE, [Buffer.from(JSON.stringify(set))]);
      for (const part of parts) await write(folder, String(part.number), read(part));
      await syncFolder(folder);
      await syncFolder(this.root);
    });
  }

  /** @returns whether there were any */
  async discard(set: PartSetName): Promise<boolean> {
    return this.locks.with(LOCK, 'exclusive', async () => {
      const folder = this.folderOf(set);
      const found = (await this.read(folder)) !== null;
      await rm(folder, { recursive: true, force: true });
      return found;
    });
  }

  private async checkRoom(set: PartSetName, parts: readonly PartFile[]): Promise<void> {
    const waiting = await this.list();
    const others = waiting.filter((bundle) => !isSameSet(bundle.set, set));
    if (others.length >= MAX_BUNDLES)
      throw new TooManyWaitingPartsError(`parts of ${others.length} bundles wait for the others already`);
    const replaced = new Set(parts.map(({ number }) => number));
    const staying = waiting.flatMap((bundle) =>
      isSameSet(bundle.set, set) ? bundle.parts.filter(({ number }) => !replaced.has(number)) : bundle.parts,
    );
    const limit = this.settings.get(PARTS_LIMIT_SETTING) ?? '';
    const bytes = [...staying, ...parts].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (bytes <= (parseByteSize(limit) ?? 0)) return;
    throw new TooManyWaitingPartsError(
      `with these, the parts that wait for others would take ${bytes} bytes; ${PARTS_LIMIT_SETTING} allows ${limit}`,
    );
  }

  /** Null where nothing waits there. */
  private async read(folder: string): Promise<WaitingBundle | null> {
    const set = await readSet(join(folder, SET_FILE));
    if (set === null || this.folderOf(set) !== folder) return null;
    const parts: PartFile[] = [];
    let sinceMs = 0;
    for (const name of await entries(folder)) {
      if (!/^[1-9][0-9]{0,3}$/.test(name) || Number(name) > set.total) continue;
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      parts.push({ number: Number(name), path, sizeBytes: size });
      sinceMs = Math.max(sinceMs, mtimeMs);
    }
    if (parts.length === 0) return null;
    return { set, parts: parts.sort((one, other) => one.number - other.number), since: new Date(sinceMs) };
  }

  /** What a process has left that was killed while it wrote; nobody writes now. */
  private async removeUnfinished(folder: string): Promise<void> {
    for (const name of await entries(folder)) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  }

  /** No name that was carried in becomes a path. */
  private folderOf(set: PartSetName): string {
    return join(this.root, createHash('sha3-384').update(formatPartSetName(set)).digest('hex').slice(0, 32));
  }
}

async function write(folder: string, name: string, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  const temporary = join(folder, `${name}.tmp`);
  const file = await open(temporary, 'w', 0o600);
  try {
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Null where it is not there, or not of this program's making. */
async function readSet(path: string): Promise<PartSetName | null> {
  try {
    const { bundleName, idStart, total } = JSON.parse(await readFile(path, 'utf8')) as Partial<
      Record<keyof PartSetName, unknown>
    >;
    const isSet = typeof bundleName === 'string' && typeof idStart === 'string' && typeof total === 'number';
    return isSet ? { bundleName, idStart, total } : null;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return null;
    throw error;
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
