import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Remembers which temporary files a run makes in folders that are not ours, so that the next run takes them away if this one
 * is killed. There is one run at a time.
 */
export class Unfinished {
  constructor(private readonly file: string) {}

  /** What every temporary file of a bundle begins with (parts have a number behind it). */
  static prefixOf(path: string, bundleId: string): string {
    return join(dirname(path), `.${basename(path)}.${bundleId}.`);
  }

  /** The next run removes what begins with this, unless `forget` comes before it. */
  async remember(prefix: string): Promise<void> {
    await writeFile(this.file, `${JSON.stringify({ prefix })}\n`, { mode: 0o600 });
  }

  async forget(): Promise<void> {
    await rm(this.file, { force: true });
  }

  /** Removes what an earlier run left. A folder that is gone, or closed to us now, is none of our business. */
  async sweep(): Promise<void> {
    const prefix = await this.read();
    if (prefix === null) return;
    const [folder, start] = [dirname(prefix), basename(prefix)];
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((one) => one.startsWith(start))) {
      await rm(join(folder, name), { force: true }).catch(() => undefined);
    }
    await this.forget();
  }

  private async read(): Promise<string | null> {
    try {
      const value = JSON.parse(await readFile(this.file, 'utf8')) as { prefix?: unknown } | null;
      // A temporary name of ours ends with a bundle's id.
      return typeof value?.prefix === 'string' && /\/\.[^/]+\.[0-9a-f-]{36}\.$/.test(value.prefix)
        ? value.prefix
        : null;
    } catch {
      return null;
    }
  }
}
