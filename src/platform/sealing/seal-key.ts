import { createHmac, randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';

import { messageOf } from '../../kernel/store-error.js';
import { environmentVariable } from '../config/environment.js';
import { ensurePrivateFolder } from '../config/private-folder.js';
import { deriveBytes, encodeCost, parseCost } from '../passwords/scrypt.js';
import { KEY_BYTES } from './cipher.js';
import { PASSPHRASE_COST } from './passphrase-sealing.js';
import { SealKeyUnusableError, WrongPassphraseError } from './sealing.errors.js';

export const SEAL_PASSPHRASE_VARIABLE = 'PROXY_SEAL_PASSPHRASE';
const CREDENTIALS_VARIABLE = 'CREDENTIALS_DIRECTORY';
const KEY_FILE = 'seal.key';
const SALT_FILE = 'seal.salt';
const SALT_BYTES = 16;
const SALT_FORM = /^scrypt-v1:([a-z0-9=,]{1,30}):([\w-]{22}):([\w-]{8})\n?$/;

export class SealKey {
  /** Tells keys apart, and nothing about them: what was sealed under which is written beside it. */
  readonly id: string;

  /** 32 bytes. */
  constructor(readonly bytes: Buffer) {
    this.id = createHmac('sha256', bytes)
      .update('snap-store-proxy seal key')
      .digest()
      .subarray(0, 6)
      .toString('base64url');
  }
}

/** Where the key that seals comes from. */
export interface SealKeySource {
  /** Such as `/var/lib/snap-store-proxy/seal.key`. */
  readonly description: string;
  /** The file that must be kept safe, and with the backups; null where there is none. */
  readonly file: string | null;
  /** Null where there is none yet, and `obtain` would make one. @throws SealKeyUnusableError, WrongPassphraseError */
  read(): Promise<SealKey | null>;
  /** The key, made now if this is the first use. @throws SealKeyUnusableError, WrongPassphraseError */
  obtain(): Promise<SealKey>;
}

/** What `proxy.seal.source` takes: `file`, `file:/absolute/path`, `passphrase` or `credential`. */
export function isSealSource(text: string): boolean {
  if (text.startsWith('file:')) return isAbsolute(text.slice('file:'.length));
  return text === 'file' || text === 'passphrase' || text === 'credential';
}

/** @param setting as `isSealSource` accepts it */
export function sealKeySource(setting: string, dataDir: string): SealKeySource {
  if (setting === 'file') return new OwnKeyFile(join(dataDir, KEY_FILE));
  if (setting === 'passphrase') return new Passphrase(join(dataDir, SALT_FILE));
  if (setting === 'credential') return new Credential();
  return new GivenKeyFile(setting.slice('file:'.length));
}

/** A random key in the data folder, made on first use. */
class OwnKeyFile implements SealKeySource {
  constructor(readonly file: string) {}

  get description(): string {
    return this.file;
  }

  async read(): Promise<SealKey | null> {
    const bytes = await readIfThere(this.file);
    return bytes === null ? null : keyOf(bytes, this.file);
  }

  async obtain(): Promise<SealKey> {
    const held = await this.read();
    if (held !== null) return held;
    await createOnce(this.file, randomBytes(KEY_BYTES));
    return keyOf((await readIfThere(this.file)) ?? Buffer.alloc(0), this.file);
  }
}

/** A key file that the operator made and keeps: where it is missing, a disk may just not be mounted, and none is made. */
class GivenKeyFile implements SealKeySource {
  constructor(readonly file: string) {}

  get description(): string {
    return this.file;
  }

  read(): Promise<SealKey> {
    return this.obtain();
  }

  async obtain(): Promise<SealKey> {
    const bytes = await readIfThere(this.file);
    if (bytes !== null) return keyOf(bytes, this.file);
    const message = `${this.file}, which proxy.seal.source names, is not there; "openssl rand -out FILE 32" makes a new one`;
    throw new SealKeyUnusableError(message, { file: this.file });
  }
}

/** The file `seal.key` among the credentials that systemd hands to the service (LoadCredential=, LoadCredentialEncrypted=). */
class Credential implements SealKeySource {
  readonly description = `systemd credential ${KEY_FILE}`;
  readonly file = null;

  read(): Promise<SealKey> {
    return this.obtain();
  }

  async obtain(): Promise<SealKey> {
    const folder = environmentVariable(CREDENTIALS_VARIABLE);
    if (folder === null) {
      throw new SealKeyUnusableError(
        `proxy.seal.source is "credential", and systemd gave none to this process (${CREDENTIALS_VARIABLE} is not set)`,
        { variable: CREDENTIALS_VARIABLE },
      );
    }
    const file = join(folder, KEY_FILE);
    const bytes = await readIfThere(file);
    if (bytes === null) throw new SealKeyUnusableError(`there is no credential "${KEY_FILE}" in ${folder}`, { file });
    return keyOf(bytes, file);
  }
}

/**
 * A passphrase from the environment. The salt lies in the data folder, with the id of the key that they make: a mistyped
 * passphrase is found out before it seals anything.
 */
class Passphrase implements SealKeySource {
  readonly description = `passphrase in ${SEAL_PASSPHRASE_VARIABLE}`;

  constructor(readonly file: string) {}

  async read(): Promise<SealKey | null> {
    const passphrase = this.passphrase();
    const bytes = await readIfThere(this.file);
    if (bytes === null) return null;
    const [, costText = '', salt = '', id] = SALT_FORM.exec(bytes.toString('latin1')) ?? [];
    const cost = parseCost(costText);
    if (cost === null) throw new SealKeyUnusableError(`${this.file} is damaged`, { file: this.file });
    const key = new SealKey(await deriveBytes(passphrase, Buffer.from(salt, 'base64url'), KEY_BYTES, cost));
    if (key.id === id) return key;
    throw new WrongPassphraseError(`${SEAL_PASSPHRASE_VARIABLE} is not the passphrase of this store`, {
      file: this.file,
    });
  }

  async obtain(): Promise<SealKey> {
    const held = await this.read();
    if (held !== null) return held;
    const salt = randomBytes(SALT_BYTES);
    const key = new SealKey(await deriveBytes(this.passphrase(), salt, KEY_BYTES, PASSPHRASE_COST));
    const text = `scrypt-v1:${encodeCost(PASSPHRASE_COST)}:${salt.toString('base64url')}:${key.id}\n`;
    // Where another process was first, its salt is the one, and its passphrase has to be ours.
    return (await createOnce(this.file, Buffer.from(text))) ? key : this.obtain();
  }

  private passphrase(): string {
    const passphrase = environmentVariable(SEAL_PASSPHRASE_VARIABLE);
    if (passphrase !== null) return passphrase;
    const message = `proxy.seal.source is "passphrase", and ${SEAL_PASSPHRASE_VARIABLE} is not set`;
    throw new SealKeyUnusableError(message, { variable: SEAL_PASSPHRASE_VARIABLE });
  }
}

/** Which key the passphrase makes whose salt lies in this file; null where the file is none of that kind. */
export async function storedPassphraseKeyId(file: string): Promise<string | null> {
  if (basename(file) !== SALT_FILE) return null;
  return SALT_FORM.exec((await readIfThere(file))?.toString('latin1') ?? '')?.[3] ?? null;
}

function keyOf(bytes: Buffer, file: string): SealKey {
  if (bytes.length === KEY_BYTES) return new SealKey(bytes);
  throw new SealKeyUnusableError(`${file} must hold ${KEY_BYTES} bytes and holds ${bytes.length}`, { file });
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new SealKeyUnusableError(`${file} cannot be read: ${messageOf(error)}`, { file }, { cause: error });
  }
}

/** Makes the file whole and on disk, or leaves the one that is there. @returns false where one was there */
async function createOnce(file: string, content: Buffer): Promise<boolean> {
  await ensurePrivateFolder(dirname(file));
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return true;
}
