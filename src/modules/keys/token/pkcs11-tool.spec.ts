import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Settings } from '../../../platform/config/settings.js';
import type { SettingsService } from '../../../platform/config/settings.service.js';
import { Pkcs11Token } from './pkcs11-token.js';
import { Pkcs11Tool } from './pkcs11-tool.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pkcs11-tool-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program in the place of OpenSC's. */
async function standIn(script: string): Promise<Pkcs11Tool> {
  const path = join(folder, `tool-${Math.random()}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return new Pkcs11Tool([join(folder, 'nowhere'), path]);
}

describe(Pkcs11Tool.name, () => {
  it('hands the PIN over in the environment, and never as an argument', async () => {
    const tool = await standIn('cat >/dev/null; echo "$*"; env');
    process.env.PROXY_SEAL_PASSPHRASE = 'planted';
    process.env.VENDOR_CONFIGURATION = 'kept';
    const { stdout } = await tool.run({ args: ['--sign'], pin: '987654', timeoutMs: 10_000 });
    delete process.env.PROXY_SEAL_PASSPHRASE;
    const [args = '', ...variables] = stdout.toString().split('\n');
    expect(args).toBe('--sign --login --pin env:PKCS11_TOKEN_PIN');
    expect(variables).toContain('PKCS11_TOKEN_PIN=987654');
    expect(variables).toContain('VENDOR_CONFIGURATION=kept');
    expect(stdout.toString()).not.toContain('planted');
  });

  it('gives it what it is to sign, and takes what it says as bytes', async () => {
    const tool = await standIn('cat; echo said >&2; exit 3');
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    expect(await tool.run({ args: [], pin: null, input: bytes, timeoutMs: 10_000 })).toEqual({
      exitCode: 3,
      stdout: bytes,
      stderr: 'said\n',
    });
  });

  it('ends it when it takes too long, when it says too much, and when nobody wants it any more', async () => {
    const slow = await standIn('exec sleep 60');
    await expect(slow.run({ args: [], pin: null, timeoutMs: 100 })).rejects.toMatchObject({ code: 'hsm-failed' });
    const abort = new AbortController();
    const running = slow.run({ args: [], pin: null, timeoutMs: 60_000, signal: abort.signal });
    abort.abort(new Error('not wanted'));
    await expect(running).rejects.toThrow('not wanted');
    const chatty = await standIn('exec yes');
    await expect(chatty.run({ args: [], pin: null, timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'hsm-failed' });
  });

  it('says where it looked for a program that is not there', async () => {
    const tool = new Pkcs11Tool([join(folder, 'nowhere')]);
    await expect(tool.run({ args: [], pin: null, timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'hsm-tool-missing',
    });
  });
});

describe(Pkcs11Token.name, () => {
  const flags = { 'proxy.hsm.module': '/m.so', 'proxy.hsm.token-label': 'lab', 'proxy.hsm.token-pin': '987654' };

  function tokenBy(tool: Pkcs11Tool, values: Record<string, string> = flags): Pkcs11Token {
    const settings = new Settings({ flag: new Map(Object.entries(values)) });
    const secrets = { secret: (key: string) => Promise.resolve(settings.get(key)) } as unknown as SettingsService;
    return new Pkcs11Token(settings, secrets, tool);
  }

  it.each([
    ['error: PKCS11 function C_Login failed: rv = CKR_PIN_INCORRECT (0xa0)\nAborting.', 'hsm-pin-refused'],
    ['error: PKCS11 function C_Login failed: rv = CKR_PIN_LOCKED (0xa4)', 'hsm-pin-refused'],
    ['No slot with token named "lab" found', 'hsm-token-missing'],
    ['sc_dlopen failed: no such file\nerror: Failed to load pkcs11 module\nAborting.', 'hsm-module-unusable'],
    ['error: Private key not found\nAborting.', 'hsm-key-missing'],
    ['error: PKCS11 function C_Sign failed: rv = CKR_DEVICE_ERROR (0x30)', 'hsm-failed'],
    ['', 'hsm-failed'],
  ])('reads %s as %s', async (said, code) => {
    const token = tokenBy(
      await standIn(`cat >/dev/null; printf '%s\\n' '${said.replaceAll('\n', "' '")}' >&2; exit 1`),
    );
    await expect(token.sign({ token: 'lab', objectId: '01' }, Buffer.from('x'))).rejects.toMatchObject({ code });
  });

  it('never repeats the PIN, whatever the program says', async () => {
    const token = tokenBy(await standIn('echo "bad thing $PKCS11_TOKEN_PIN" >&2; exit 1'));
    const error = await token.check().catch((thrown: unknown) => thrown);
    expect((error as Error).message).toBe('the token "lab" failed: bad thing <redacted>');
  });

  it('does not try a PIN again that was refused, because a token locks itself', async () => {
    const tries = join(folder, 'tries');
    const tool = await standIn(`echo x >>${tries}; echo "rv = CKR_PIN_INCORRECT" >&2; exit 1`);
    const token = tokenBy(tool);
    await expect(token.check()).rejects.toMatchObject({ code: 'hsm-pin-refused' });
    await expect(token.check()).rejects.toThrow('refused before');
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(tries, 'utf8')).toBe('x\n');
  });

  it('has nothing to do where no module is configured', async () => {
    const token = tokenBy(await standIn('exit 0'), {});
    expect(token.isConfigured).toBe(false);
    await expect(token.generate('x')).rejects.toMatchObject({ code: 'hsm-not-configured' });
  });

  it('takes no object id for an option', async () => {
    const token = tokenBy(await standIn('exit 0'));
    await expect(token.find('--write-object')).rejects.toMatchObject({ code: 'hsm-key-missing' });
  });
});
