import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SigningKey } from '../../../src/formats/assertion/index.js';
import { makeRoot } from '../../../src/modules/registration/index.js';
import { totpCode } from '../../../src/modules/registration/authority/login/totp.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { newPem } from '../../integration/registration/scene.js';
import { freePort, type Outcome, PROGRAM, Scene, until } from './scene.js';

const EMAIL = 'ops@example.org';
const PASSWORD = 'planted-password-of-ops';

let scene: Scene;
let office: TestDatabase;
let port: number;
let server: ReturnType<Scene['start']>;
let serverSays = '';

/** Typed at the authority's installation. */
function authority(args: readonly string[], stdin = ''): Promise<Outcome> {
  const env = { PROXY_DB_CONNECTION: office.uri };
  return scene.run(['--data-dir', join(scene.folder, 'office'), 'authority', ...args], { env, stdin });
}

function register(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return scene.run(['register', '--offline', ...args], { env });
}

const account = { SNAPSTORE_EMAIL: EMAIL, SNAPSTORE_PASSWORD: PASSWORD };

beforeAll(async () => {
  [scene, office] = await Promise.all([Scene.open(), createTestDatabase()]);
  port = await freePort();
});

afterAll(async () => {
  server.kill('SIGTERM');
  await once(server, 'close');
  await scene.close();
  await office.drop();
});

describe('authority', () => {
  it('is founded once, with a root that others can trust', async () => {
    expect(await authority(['list'])).toMatchObject({ exitCode: 1 });
    const { exitCode, stdout } = await authority(['init', 'acme-lab', '--format', 'json']);
    expect(exitCode).toBe(0);
    const { accountId, rootFile } = JSON.parse(stdout) as { accountId: string; rootFile: string };
    expect(accountId).toBe('acme-lab');
    expect(await scene.must('assertions', 'verify', '--extra-root', rootFile, rootFile)).toContain(
      'OK account/acme-lab',
    );
    const again = await authority(['init', 'another']);
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.stderr).toContain('(authority-exists)');
  });

  it.each([
    ['two names', ['init', 'acme', '--key', 'x']],
    ['no name', ['init']],
    ['half a root', ['init', '--key', 'x']],
    ['passwords in clear over a network', ['serve', '--host', '0.0.0.0']],
    ['half a certificate', ['serve', '--tls-cert', 'x']],
  ])('refuses %s as wrong usage', async (_, args) => {
    expect((await authority(args)).exitCode).toBe(2);
  });

  it('lets people in whose password is piped in, and shows no secret but the one for the app', async () => {
    const { exitCode, stdout } = await authority(['add-operator', EMAIL], `${PASSWORD}\n`);
    expect([exitCode, stdout.includes(EMAIL)]).toEqual([0, true]);
    expect((await authority(['add-operator', EMAIL], `${PASSWORD}\n`)).stderr).toContain('(operator-exists)');
    expect((await authority(['add-operator', 'other@example.org'], 'short\n')).stderr).toContain('(operator-unfit)');
    const nobody = await authority(['add-operator', 'other@example.org']);
    expect(nobody.stderr).toContain('SNAPSTORE_PASSWORD');
    const second = await authority(['add-operator', 'totp@example.org', '--totp'], `${PASSWORD}\n`);
    expect(second.stdout).toContain('otpauth://totp/acme-lab:totp%40example.org?secret=');
    await writeFile(join(scene.folder, 'otpauth'), /secret=([A-Z2-7]+)/.exec(second.stdout)?.[1] ?? '');
    const listed = await authority(['list', '--format', 'json']);
    expect(listed.stdout).not.toContain(PASSWORD);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      authority: { accountId: 'acme-lab' },
      operators: [
        { email: EMAIL, hasSecondFactor: false },
        { email: 'totp@example.org', hasSecondFactor: true },
      ],
      stores: [],
    });
  });

  it('takes up a root that is there already', async () => {
    const database = await createTestDatabase();
    try {
      const pem = newPem();
      const root = makeRoot('lab-root', new SigningKey(createPrivateKey(pem)), new Date());
      const [accountFile, keyFile] = await Promise.all(
        root.assertions.map((one, index) => scene.write(`given-${index}.assert`, one.encoded)),
      );
      const key = await scene.write('given.pem', pem);
      const args = ['--data-dir', join(scene.folder, 'given'), 'authority', 'init'];
      const env = { PROXY_DB_CONNECTION: database.uri };
      const files = ['--account', accountFile!, '--account-key', keyFile!, '--key', key];
      const wrong = await scene.run([...args, '--account', accountFile!, '--account-key', accountFile!, '--key', key], {
        env,
      });
      expect(wrong.stderr).toContain('(authority-root-unfit)');
      const { stdout, exitCode } = await scene.run([...args, ...files, '--format', 'json'], { env });
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ accountId: 'lab-root', keyId: root.keyId });
    } finally {
      await database.drop();
    }
  });

  it('serves until it is told to stop', async () => {
    const env = { PROXY_DB_CONNECTION: office.uri };
    const args = ['--data-dir', join(scene.folder, 'office'), 'authority', 'serve', '--port', String(port)];
    server = scene.start(args, { env });
    for (const stream of [server.stdout, server.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (serverSays += text));
    await until(() => serverSays.includes('proxy.sso.location='));
    expect(serverSays).toContain('Ctrl-C stops it');
    expect(serverSays).toContain(`proxy.dashboard.location=http://127.0.0.1:${port}`);
  });
});

describe('register --offline', () => {
  it('names the ways there are where no authority is configured, and contacts nobody', async () => {
    const { exitCode, stderr } = await register([], account);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('(authority-not-configured)');
    expect(stderr).toContain('--from-bundle');
    expect(stderr).toContain('--self-issued');
    const url = `http://127.0.0.1:${port}`;
    const root = join(scene.folder, 'office', 'authority-root.assert');
    await scene.must(
      'config',
      `proxy.dashboard.location=${url}`,
      `proxy.sso.location=${url}`,
      `proxy.trust.extra-roots=${root}`,
    );
  });

  it('finds what is wrong here before anybody is contacted', async () => {
    const before = serverSays;
    const arch = await register(['--arch', 'riscv64'], account);
    expect([arch.exitCode, arch.stderr.includes('(architecture-unsupported)')]).toEqual([2, true]);
    expect((await register(['--channel', 'a/b/c/d'], account)).stderr).toContain('(invalid-channel)');
    expect((await register(['--answers', 'no-such-file'], account)).stderr).toContain('(file-not-found)');
    expect((await register([], account)).stderr).toContain('(store-url-unknown)');
    await scene.must('config', 'proxy.domain=snaps.internal');
    expect((await register([], account)).stderr).toContain('(identity-key-missing)');
    await scene.must('generate-keys');
    expect((await register(['--output', 'no-such-folder/out.tar.gz'], account)).stderr).toContain('(file-not-found)');
    expect(serverSays).toBe(before);
  });

  it('says where the account could come from where nobody can be asked', async () => {
    const { exitCode, stderr } = await register();
    expect(exitCode).toBe(2);
    expect(stderr).toContain('SNAPSTORE_EMAIL and SNAPSTORE_PASSWORD');
    const without = await register([], { SNAPSTORE_EMAIL: 'totp@example.org', SNAPSTORE_PASSWORD: PASSWORD });
    expect([without.exitCode, without.stderr.includes('SNAPSTORE_OTP')]).toEqual([2, true]);
  });

  it('refuses a wrong account clearly, keeps nothing, and shows no secret', async () => {
    const before = await scene.must('config');
    const wrong = await register([], { ...account, SNAPSTORE_PASSWORD: 'planted-wrong' });
    expect(wrong.exitCode).toBe(4);
    expect(wrong.stderr).toContain('(credentials-refused)');
    const otp = await register([], {
      SNAPSTORE_EMAIL: 'totp@example.org',
      SNAPSTORE_PASSWORD: PASSWORD,
      SNAPSTORE_OTP: '000000',
    });
    expect(otp.stderr).toContain('(otp-refused)');
    const machine = await register(['--format', 'json'], { ...account, SNAPSTORE_PASSWORD: 'planted-wrong' });
    const lines = machine.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toMatchObject({ progress: { what: 'register', step: 'contacting the authority' } });
    expect(lines.at(-1)).toMatchObject({ error: { code: 'credentials-refused' } });
    for (const { stdout, stderr } of [wrong, otp, machine]) expect(stdout + stderr).not.toMatch(/planted/);
    expect(serverSays).not.toMatch(/planted/);
    expect(await scene.must('config')).toBe(before);
    expect(await scene.must('status')).toContain('Store ID: not registered');
    await expect(stat(join(scene.folder, 'offline-snap-store.tar.gz'))).rejects.toThrow('ENOENT');
  });

  it('asks at the terminal, and does not show what is secret', async () => {
    const secret = base32(await readFile(join(scene.folder, 'otpauth'), 'utf8'));
    const typed: [RegExp, () => string][] = [
      [/E-mail: $/, () => 'totp@example.org'],
      [/Password: $/, () => 'planted-wrong'],
      [/does not let you in[\s\S]*E-mail: $/, () => 'totp@example.org'],
      [/[\s\S]*Password: $/, () => PASSWORD],
      [/One-time password: $/, () => totpCode(secret, Math.floor(Date.now() / 30_000))],
    ];
    const screen = await atTerminal(['register', '--offline', '--arch', 'amd64', '--output', 'out.tar.gz'], typed);
    expect(screen).toContain('totp@example.org');
    expect(screen).not.toMatch(/planted/);
    await until(() => serverSays.includes('a store assertion was issued'));
    const listed = await authority(['list', '--format', 'json']);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      stores: [
        { url: expect.stringMatching(/^http:..snaps.internal/) as string, operator: 'totp@example.org', revision: 0 },
      ],
    });
  });
});

/** Types at a real terminal what is answered to each question, then presses Ctrl-C. @returns all that it showed */
async function atTerminal(args: readonly string[], typed: [RegExp, () => string][]): Promise<string> {
  const command = [process.execPath, PROGRAM, '--data-dir', scene.dataDir, ...args]
    .map((word) => `'${word}'`)
    .join(' ');
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd: scene.folder,
    env: { PATH: process.env.PATH, HOME: scene.folder, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  let unanswered = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    unanswered += text;
  });
  for (const [question, answer] of typed) {
    await until(() => question.test(unanswered.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').trimEnd() + ' '));
    unanswered = '';
    child.stdin.write(`${answer()}\r`);
  }
  await until(() => serverSays.includes('a store assertion was issued'));
  child.stdin.write('\u0003');
  await Promise.race([once(child, 'close'), new Promise((resolve) => setTimeout(resolve, 60_000))]);
  child.kill('SIGKILL');
  return screen;
}

function base32(text: string): Buffer {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = Array.from(text, (letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}
