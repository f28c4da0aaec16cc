import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Xdelta3 } from '../../src/modules/catalog/index.js';

/** What stands in for xdelta3 in tests that must run where that is not installed: gzip, which knows no old file. */
export const LIKE_XDELTA3 = 'case " $* " in *" -d "*) exec gzip -dc;; *) exec gzip -nc;; esac';

/** A program that tests own in the place of xdelta3. */
export class StandIn {
  private constructor(
    private readonly folder: string,
    readonly path: string,
  ) {}

  static async make(script = LIKE_XDELTA3): Promise<StandIn> {
    const folder = await mkdtemp(join(tmpdir(), 'delta-program-'));
    await chmod(folder, 0o755);
    const standIn = new StandIn(folder, join(folder, 'xdelta3'));
    await standIn.become(script);
    return standIn;
  }

  /** Does something else from the next start on. @param script null takes it away */
  async become(script: string | null): Promise<void> {
    if (script === null) return rm(this.path, { force: true });
    await writeFile(this.path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
    await chmod(this.path, 0o755);
  }

  /** Has a store's services start it. */
  replace(program: Xdelta3): void {
    const found = new Xdelta3([this.path]);
    program.find = () => found.find();
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
