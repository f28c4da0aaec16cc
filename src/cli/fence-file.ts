import { access, mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../kernel/store-error.js';

const SYSTEMD = '/etc/systemd/system';
const UNIT = 'snap-store-proxy.service';

/**
 * The drop-in of the store's unit. It is opened while this process is still root and written when it has become the owner of
 * the data folder; an empty drop-in changes nothing.
 */
export class FenceFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Null where the store is no service of systemd here, or this is not root. @param note told why it cannot be written */
  static async open(note: (text: string) => void, systemd = SYSTEMD): Promise<FenceFile | null> {
    if (process.geteuid?.() !== 0) return null;
    const isService = await access(join(systemd, UNIT)).then(
      () => true,
      () => false,
    );
    if (!isService) return null;
    const folder = join(systemd, `${UNIT}.d`);
    const path = join(folder, 'airgap.conf');
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      return new FenceFile(path, await open(path, 'a', 0o644));
    } catch (error) {
      note(`the kernel's fence round the service is not set: ${messageOf(error)}`);
      return null;
    }
  }

  async write(text: string): Promise<void> {
    await this.handle.truncate(0);
    await this.handle.writeFile(text);
    await this.handle.sync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** systemd reads drop-ins when it is told to, and applies them to a service that starts. */
export const APPLY_FENCE = `systemctl daemon-reload && systemctl restart ${UNIT}`;
