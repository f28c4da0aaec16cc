import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DataDirectory } from '../config/data-directory.js';
import { Settings } from '../config/settings.js';
import type { Transaction } from '../database/transaction.js';
import { sealWithPassphrase, unsealWithPassphrase } from './passphrase-sealing.js';
import { isSealed } from './sealed-text.js';
import { SealedTextRepository } from './sealed-text.repository.js';
import { Sealing } from './sealing.js';
import { SealBrokenError, SealKeyUnusableError, WrongPassphraseError } from './sealing.errors.js';

const SECRET = Buffer.from('planted-secret-of-the-store');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealing-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function sealing(source?: string, dataDir = folder): Sealing {
  const flag = new Map(source === undefined ? [] : [['proxy.seal.source', source]]);
  return new Sealing(new Settings({ flag }), new DataDirectory(dataDir));
}

/** Changes one character at a time, all along the text. */
function* damages(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 1)
    yield `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

describe(Sealing.name, () => {
  it('gives back what it sealed, in another process too, and shows nothing of it', async () => {
    const sealed = await sealing().seal(SECRET, 'key/x');
    expect(sealed).toMatch(/^sealed-v1:[\w-]{8}:[\w-]+:key\/x$/);
    expect(isSealed(sealed)).toBe(true);
    expect(Buffer.from(sealed.split(':')[2]!, 'base64url').includes(SECRET)).toBe(false);
    expect(await sealing().unseal(sealed, 'key/x')).toEqual(SECRET);
    expect(await sealing().seal(SECRET, 'key/x')).not.toBe(sealed);
  });

  it('takes the key of another process that is first, makes it, and seals with it meanwhile', async () => {
    class OthersWereFirst extends SealedTextRepository {
      override async someKeyId(): Promise<string | null> {
        const [, id = ''] = (await sealing().seal(SECRET, 'key/theirs')).split(':');
        return id;
      }
    }
    const texts = new OthersWereFirst(undefined as unknown as Transaction);
    const late = new Sealing(new Settings({}), new DataDirectory(folder), texts);
    const sealed = await late.seal(SECRET, 'key/ours');
    expect(await sealing().unseal(sealed, 'key/ours')).toEqual(SECRET);
  });

  it('opens for its purpose only', async () => {
    const sealed = await sealing().seal(SECRET, 'key/x');
    await expect(sealing().unseal(sealed, 'key/y')).rejects.toThrow(SealBrokenError);
    const renamed = sealed.replace('key/x', 'key/y');
    await expect(sealing().unseal(renamed, 'key/y')).rejects.toThrow(/damaged/);
  });

  it('finds out about every character that was changed', async () => {
    const one = sealing();
    const sealed = await one.seal(SECRET, 'p');
    for (const damaged of damages(sealed)) {
      const error: unknown = await one.unseal(damaged, 'p').catch((thrown: unknown) => thrown);
      expect(error, damaged).toBeInstanceOf(SealBrokenError);
      expect((error as Error).message).not.toContain('planted');
    }
    for (const none of ['', 'sealed-v1:', SECRET.toString()]) {
      await expect(one.unseal(none, 'p')).rejects.toThrow(SealBrokenError);
    }
  });

  it('takes one spelling of a text only', async () => {
    const sealed = await sealing().seal(Buffer.from('x'), 'p');
    // The last of the 39 characters for 29 bytes has two bits that carry nothing.
    const [head = '', keyId = '', payload = ''] = sealed.split(':');
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = letters.indexOf(payload.at(-1) ?? '');
    const other = `${head}:${keyId}:${payload.slice(0, -1)}${letters[last + 1] ?? ''}:p`;
    expect(Buffer.from(other.split(':')[2]!, 'base64url')).toEqual(Buffer.from(payload, 'base64url'));
    await expect(sealing().unseal(other, 'p')).rejects.toThrow(/damaged/);
  });

  it('makes its key when it first seals, for its owner alone, once even where many start together', async () => {
    const dataDir = join(folder, 'new', 'data');
    await expect(sealing('file', dataDir).unseal(`sealed-v1:AAAAAAAA:${'A'.repeat(40)}:p`, 'p')).rejects.toThrow(
      /there is none/,
    );
    await expect(stat(dataDir)).rejects.toThrow();
    const sealed = await Promise.all(Array.from({ length: 20 }, () => sealing('file', dataDir).seal(SECRET, 'p')));
    for (const text of sealed) expect(await sealing('file', dataDir).unseal(text, 'p')).toEqual(SECRET);
    expect(await readdir(dataDir)).toEqual(['seal.key']);
    const status = await stat(join(dataDir, 'seal.key'));
    expect([status.size, status.mode & 0o777]).toEqual([32, 0o600]);
  });

  it('says which key is missing when another one lies in its place', async () => {
    const sealed = await sealing().seal(SECRET, 'p');
    await writeFile(join(folder, 'seal.key'), Buffer.alloc(32, 1));
    await expect(sealing().unseal(sealed, 'p')).rejects.toMatchObject({
      code: 'seal-broken',
      details: { sealedUnder: sealed.split(':')[1] },
    });
  });

  it('refuses a key of another size, and one that cannot be read', async () => {
    await writeFile(join(folder, 'seal.key'), Buffer.alloc(31, 1));
    await expect(sealing().seal(SECRET, 'p')).rejects.toThrow(/must hold 32 bytes and holds 31/);
    await rm(join(folder, 'seal.key'));
    await mkdir(join(folder, 'seal.key'));
    await expect(sealing().seal(SECRET, 'p')).rejects.toThrow(SealKeyUnusableError);
  });

  it('uses a key file elsewhere, and makes none there: its disk may be missing', async () => {
    const file = join(folder, 'mounted.key');
    await expect(sealing(`file:${file}`).seal(SECRET, 'p')).rejects.toThrow(SealKeyUnusableError);
    await expect(stat(file)).rejects.toThrow();
    await writeFile(file, Buffer.alloc(32, 7));
    const sealed = await sealing(`file:${file}`).seal(SECRET, 'p');
    expect(await sealing(`file:${file}`).unseal(sealed, 'p')).toEqual(SECRET);
    await expect(stat(join(folder, 'seal.key'))).rejects.toThrow();
  });

  it('uses a passphrase, and refuses another one before it seals or opens anything', async () => {
    await expect(sealing('passphrase').seal(SECRET, 'p')).rejects.toThrow(/PROXY_SEAL_PASSPHRASE is not set/);
    vi.stubEnv('PROXY_SEAL_PASSPHRASE', 'planted passphrase');
    const sealed = await sealing('passphrase').seal(SECRET, 'p');
    expect(await sealing('passphrase').unseal(sealed, 'p')).toEqual(SECRET);
    expect(await readFile(join(folder, 'seal.salt'), 'utf8')).not.toContain('planted');
    vi.stubEnv('PROXY_SEAL_PASSPHRASE', 'planted passphrase!');
    await expect(sealing('passphrase').unseal(sealed, 'p')).rejects.toThrow(WrongPassphraseError);
    const error: unknown = await sealing('passphrase')
      .seal(SECRET, 'p')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WrongPassphraseError);
    expect(JSON.stringify(error) + (error as Error).message).not.toContain('planted');
    await writeFile(join(folder, 'seal.salt'), 'scrypt-v1:ln=40,r=8,p=1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAA');
    await expect(sealing('passphrase').unseal(sealed, 'p')).rejects.toThrow(/seal\.salt is damaged/);
  });

  it('uses a credential of systemd', async () => {
    await expect(sealing('credential').seal(SECRET, 'p')).rejects.toThrow(/CREDENTIALS_DIRECTORY is not set/);
    vi.stubEnv('CREDENTIALS_DIRECTORY', folder);
    await expect(sealing('credential').seal(SECRET, 'p')).rejects.toThrow(/no credential "seal\.key"/);
    await writeFile(join(folder, 'seal.key'), Buffer.alloc(32, 9));
    const sealed = await sealing('credential').seal(SECRET, 'p');
    expect(await sealing('credential').unseal(sealed, 'p')).toEqual(SECRET);
  });

  it('takes no purpose that would break its line', async () => {
    await expect(sealing().seal(SECRET, 'a\nb')).rejects.toThrow(TypeError);
  });
});

describe('sealing with a passphrase', () => {
  it('opens with it, for the same purpose, and with nothing else', async () => {
    const sealed = await sealWithPassphrase(SECRET, 'install me', 'registration');
    expect(sealed).toMatch(/^sealed-scrypt-v1:ln=17,r=8,p=1:[\w-]{22}:[\w-]+:registration$/);
    expect(await unsealWithPassphrase(sealed, 'install me', 'registration')).toEqual(SECRET);
    await expect(unsealWithPassphrase(sealed, 'install me!', 'registration')).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
    await expect(unsealWithPassphrase(sealed, 'install me', 'certificate')).rejects.toThrow(SealBrokenError);
    const renamed = sealed.replace('registration', 'certificate');
    await expect(unsealWithPassphrase(renamed, 'install me', 'certificate')).rejects.toThrow(WrongPassphraseError);
  });

  it.each([
    '',
    'planted',
    `sealed-scrypt-v1:ln=17,r=8,p=1:${'A'.repeat(22)}:AAAA:p`,
    `sealed-scrypt-v1:ln=29,r=8,p=1:${'A'.repeat(22)}:${'A'.repeat(40)}:p`,
    `sealed-scrypt-v1:ln=17,r=64,p=1:${'A'.repeat(22)}:${'A'.repeat(40)}:p`,
  ])('refuses %s without trying', async (text) => {
    await expect(unsealWithPassphrase(text, 'x', 'p')).rejects.toThrow(SealBrokenError);
  });
});
