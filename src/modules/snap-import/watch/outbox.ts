import { access, constants, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const OUTCOMES = ['done', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Where what was imported goes: `done/` or `failed/` beside it, with `<file>.report.json`. */
export class Outbox {
  constructor(private readonly folder: string) {}

  /** Finds out before an import whether its files can be moved afterwards. */
  async prepare(): Promise<void> {
    await access(this.folder, constants.W_OK);
    for (const outcome of OUTCOMES) await mkdir(join(this.folder, outcome), { recursive: true });
  }

  /**
   * Writes the report and then moves the files, the first of which gives the report its name. Where a file of that name was
   * put there before, all of these get a number.
   */
  async put(outcome: Outcome, files: readonly string[], report: unknown): Promise<void> {
    const target = join(this.folder, outcome);
    const number = await freeNumber(target, files);
    const path = join(target, `${numbered(files[0] ?? '', number)}.report.json`);
    await writeFile(`${path}.tmp`, `${JSON.stringify(report, null, 2)}\n`);
    await rename(`${path}.tmp`, path);
    for (const file of files) await rename(join(this.folder, file), join(target, numbered(file, number)));
  }

  /** Brings a file after the one that it belongs to, where a process died between moving the two. */
  async follow(file: string, leader: string): Promise<void> {
    for (const outcome of OUTCOMES) {
      const target = join(this.folder, outcome);
      if (!(await exists(join(target, leader))) || (await exists(join(target, file)))) continue;
      await rename(join(this.folder, file), join(target, file));
      return;
    }
  }
}

async function freeNumber(folder: string, files: readonly string[]): Promise<number> {
  for (let number = 1; ; number++) {
    const taken = await Promise.all(files.map((file) => exists(join(folder, numbered(file, number)))));
    if (!taken.includes(true)) return number;
  }
}

/** `a.snap`, `a~2.snap`, … */
function numbered(file: string, number: number): string {
  if (number === 1) return file;
  const extension = /\.(?:tar\.gz|[a-z]+)$/.exec(file)?.[0] ?? '';
  return `${file.slice(0, file.length - extension.length)}~${number}${extension}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
