import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';

/** Whether this machine has SoftHSM and OpenSC (Debian: softhsm2, opensc). */
export const hasSoftHsm = existsSync(MODULE) && existsSync('/usr/bin/pkcs11-tool');

/** A token of SoftHSM, in a folder of its own, for whichever process has `environment`. */
export class SoftHsm {
  static readonly LABEL = 'lab token';
  static readonly PIN = '4711-0815';

  private constructor(private readonly folder: string) {}

  static async create(): Promise<SoftHsm> {
    const hsm = new SoftHsm(await mkdtemp(join(tmpdir(), 'soft-hsm-')));
    // The store gives up root's rights where it is asked to, and has to get through.
    await chmod(hsm.folder, 0o777);
    await mkdir(join(hsm.folder, 'tokens'), { mode: 0o777 });
    const lines = [
      `directories.tokendir = ${hsm.folder}/tokens`,
      'objectstore.backend = file',
      'log.level = ERROR',
      '',
    ];
    await writeFile(join(hsm.folder, 'softhsm2.conf'), lines.join('\n'));
    const pins = ['--so-pin', '12345678', '--pin', SoftHsm.PIN];
    execFileSync('softhsm2-util', ['--init-token', '--free', '--label', SoftHsm.LABEL, ...pins], {
      env: { ...process.env, ...hsm.environment },
      stdio: 'pipe',
    });
    return hsm;
  }

  get environment(): Record<string, string> {
    return { SOFTHSM2_CONF: join(this.folder, 'softhsm2.conf') };
  }

  get settings(): Record<string, string> {
    return {
      'proxy.hsm.module': MODULE,
      'proxy.hsm.token-label': SoftHsm.LABEL,
      'proxy.hsm.token-pin': SoftHsm.PIN,
    };
  }

  /** Runs OpenSC on the token, as an operator would. */
  tool(...args: string[]): string {
    const common = ['--module', MODULE, '--token-label', SoftHsm.LABEL, '--login', '--pin', SoftHsm.PIN];
    return execFileSync('pkcs11-tool', [...common, ...args], {
      env: { ...process.env, ...this.environment },
      encoding: 'utf8',
      stdio: 'pipe',
    });
  }

  async destroy(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
