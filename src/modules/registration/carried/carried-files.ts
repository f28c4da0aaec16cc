import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeAssertionStream, encodeAssertionStream } from '../../../formats/assertion/index.js';
import {
  decodeRegistrationBundle,
  encodeRegistrationBundle,
  REGISTRATION_BUNDLE_FILE,
} from '../../../formats/registration-bundle/index.js';
import { ensurePrivateFolder } from '../../../platform/config/private-folder.js';
import type { CarriedRegistration } from './carried-registration.js';

export const STORE_ASSERTION_FILE = 'proxy.assert';
/** Written when a registration has been taken in; the service unit that waits for it starts the store. */
const TAKEN_IN_FILE = 'taken-in';

/** DATA/registration: the registration as it was carried here, for whichever database the store is given. */
export class RegistrationFolder {
  constructor(private readonly path: string) {}

  /** Null where nothing was carried. @throws RegistrationBundleError, AssertionRefusedError */
  async read(): Promise<CarriedRegistration | null> {
    const file = join(this.path, REGISTRATION_BUNDLE_FILE);
    const bytes = await readIfThere(file);
    if (bytes === null) return null;
    const chain = await readIfThere(join(this.path, STORE_ASSERTION_FILE));
    return {
      file,
      bundle: await decodeRegistrationBundle(bytes, file, chain === null ? [] : await decodeAssertionStream(chain)),
    };
  }

  /** In place of what was there: at every moment the whole old registration or the whole new one is. */
  async write({ bundle }: CarriedRegistration): Promise<void> {
    await ensurePrivateFolder(this.path);
    await this.replace(REGISTRATION_BUNDLE_FILE, encodeRegistrationBundle(bundle));
    // Only for people and for `snap ack`: the bundle holds the same assertions.
    if (bundle.assertions.length > 0)
      await this.replace(STORE_ASSERTION_FILE, encodeAssertionStream(bundle.assertions));
    else await rm(join(this.path, STORE_ASSERTION_FILE), { force: true });
  }

  /** @param digest of the registration that the database holds now */
  async markTakenIn(digest: string): Promise<void> {
    const text = `${digest}\n`;
    const marked = await readIfThere(join(this.path, TAKEN_IN_FILE));
    if (marked?.toString() !== text) await this.replace(TAKEN_IN_FILE, Buffer.from(text));
  }

  private async replace(name: string, bytes: Buffer): Promise<void> {
    const path = join(this.path, name);
    const fresh = join(this.path, `.${name}.${process.pid}.tmp`);
    try {
      const handle = await open(fresh, 'w', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
    const folder = await open(this.path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
