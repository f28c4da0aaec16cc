import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { PinnedPackage } from './architectures.js';
import { type NpmClient } from './npm-client.js';
import { PackageRefusedError, PackageUnavailableError } from './offline-bundle.errors.js';

/** Packages as files, each under the digest that this program knows it by. What is in the folder is checked before it is used. */
export class PackageCache {
  constructor(
    private readonly folder: string,
    private readonly npm: NpmClient,
  ) {}

  /**
   * The packed file of a package, from here or from the registry.
   * @throws PackageUnavailableError; PackageRefusedError where the registry has something else under that name
   */
  async fetch(wanted: PinnedPackage, signal: AbortSignal): Promise<string> {
    const file = join(this.folder, `${digestOf(wanted).toString('hex').slice(0, 40)}.tgz`);
    if (await this.isWhole(file, wanted, signal)) return file;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const workshop = await mkdtemp(join(this.folder, '.fetching-'));
    try {
      await this.npm.pack(wanted, workshop, signal);
      const [packed, ...others] = await readdir(workshop);
      if (packed === undefined || others.length > 0) {
        throw new PackageUnavailableError(`npm brought no file for ${nameOf(wanted)}`, { name: nameOf(wanted) });
      }
      const fetched = join(workshop, packed);
      const integrity = await integrityOf(fetched, signal);
      if (integrity !== wanted.integrity) {
        throw new PackageRefusedError(
          `${nameOf(wanted)} from the npm registry is not the file that this program was made with: ` +
            `its integrity is ${integrity} instead of ${wanted.integrity}`,
          { name: nameOf(wanted), integrity, expected: wanted.integrity },
        );
      }
      await sync(fetched);
      await rename(fetched, file);
      return file;
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }

  private async isWhole(file: string, wanted: PinnedPackage, signal: AbortSignal): Promise<boolean> {
    try {
      if ((await integrityOf(file, signal)) === wanted.integrity) return true;
      await rm(file, { force: true });
      return false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}

export function nameOf({ name, version }: PinnedPackage): string {
  return `${name}@${version}`;
}

function digestOf({ integrity }: PinnedPackage): Buffer {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64');
}

async function integrityOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024, signal }))
    hash.update(chunk as Buffer);
  return `sha512-${hash.digest('base64')}`;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
