import { execSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertion } from '../../../src/formats/assertion/index.js';
import { Scene } from './scene.js';

interface Key {
  readonly id: string;
  readonly role: string;
  readonly state: string;
  readonly publicPem: string;
}

const PASSPHRASE = 'planted passphrase';

const newKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

describe('generate-keys on a machine where nothing has started before', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.untouched('here');
  });

  afterAll(() => scene.close());

  it('lets the place of the sealing key be set before there is one', async () => {
    const { exitCode, stderr } = await scene.run(['config', 'proxy.seal.source=passphrase']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('PROXY_SEAL_PASSPHRASE is not set; it is set all the same');
    const made = await scene.run(['generate-keys']);
    expect(made).toMatchObject({ exitCode: 1, stdout: '' });
    expect(made.stderr).toContain('(seal-key-unusable)');
    await scene.must('config', 'proxy.seal.source=');
  });

  it('makes both keys, says what it does meanwhile, and refuses to do it again', async () => {
    const made = await scene.run(['generate-keys']);
    expect(made).toMatchObject({ exitCode: 0 });
    expect(made.stdout).toMatch(/^identity: [\w-]{64} \(RSA, 4096 bits\)\nsigner: {3}[\w-]{64} \(Ed25519\)\n$/);
    expect(made.stderr).toBe('generate-keys: making an Ed25519 key\ngenerate-keys: making an RSA key of 4096 bits\n');
    const again = await scene.run(['generate-keys']);
    expect(again).toMatchObject({ exitCode: 1, stdout: '' });
    expect(again.stderr).toMatch(/^error: .* active identity key already: [\w-]{64} \(keys-exist\)\nhint: --force/);
    const { keys } = (await scene.json('keys', 'list')) as { keys: Key[] };
    expect(keys.map(({ role, state }) => `${role} ${state}`).sort()).toEqual(['identity active', 'signer active']);
    expect(made.stdout).toContain(keys.find(({ role }) => role === 'identity')!.id);
    const { mode } = await stat(join(scene.dataDir, 'seal.key'));
    expect(mode & 0o777).toBe(0o600);
  });

  it('replaces them where that is insisted on, and says what follows', async () => {
    const { exitCode, stderr, stdout } = await scene.run(['generate-keys', '--force', '--format', 'json']);
    expect(exitCode).toBe(0);
    const { identity } = JSON.parse(stdout) as { identity: Key };
    expect(stderr).toContain('has to register again');
    const { keys } = (await scene.json('keys', 'list')) as { keys: Key[] };
    expect(keys.filter(({ state }) => state === 'retired')).toHaveLength(2);
    expect(await scene.must('config', 'proxy.key.public')).toBe(identity.publicPem);
  });
});

describe('the keys of a store', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open('here');
  });

  afterAll(() => scene.close());

  it('come in as PEM, in clear and encrypted, with the passphrase from the environment or a pipe', async () => {
    const key = newKey();
    const pkcs1 = await scene.write('pkcs1.pem', key.export({ type: 'pkcs1', format: 'pem' }));
    const encrypted = await scene.write(
      'encrypted.pem',
      key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }),
    );
    const { id } = (await scene.json('keys', 'import', pkcs1)) as Key;
    const env = { PROXY_KEY_PASSPHRASE: PASSPHRASE };
    expect(await scene.run(['keys', 'import', encrypted], { env })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await scene.run(['keys', 'import', encrypted], { stdin: `${PASSPHRASE}\n` })).toMatchObject({ exitCode: 0 });
    const [wrong, none] = [
      await scene.run(['keys', 'import', encrypted], { env: { PROXY_KEY_PASSPHRASE: 'planted other' } }),
      await scene.run(['keys', 'import', encrypted]),
    ];
    expect(wrong).toMatchObject({
      exitCode: 4,
      stderr: 'error: the passphrase does not open this key (wrong-passphrase)\n',
    });
    expect(none).toMatchObject({ exitCode: 2 });
    expect(none.stderr).toContain('PROXY_KEY_PASSPHRASE');
    const { keys } = (await scene.json('keys', 'list')) as { keys: Key[] };
    expect(keys.map((held) => [held.id, held.state])).toEqual([[id, 'active']]);
  });

  it('come in as armored OpenPGP keys, from standard input too', async () => {
    const folder = join(scene.folder, 'gnupg');
    const gpg = `gpg --homedir ${folder} --batch --quiet --pinentry-mode loopback --passphrase '${PASSPHRASE}'`;
    let armored: string;
    try {
      await mkdir(folder, { mode: 0o700 });
      execSync(`${gpg} --quick-gen-key store rsa2048 sign never`, { stdio: 'ignore' });
      armored = execSync(`${gpg} --armor --export-secret-keys store`, { encoding: 'utf8' });
    } catch {
      return; // There is no gpg here; formats/openpgp is tested with what another implementation writes.
    }
    const args = ['keys', 'import', '-', '--role', 'authority'];
    expect(await scene.run(args, { stdin: armored })).toMatchObject({ exitCode: 2 });
    const { exitCode, stdout } = await scene.run(args, { stdin: armored, env: { PROXY_KEY_PASSPHRASE: PASSPHRASE } });
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^[\w-]{64} is the store's authority \(RSA\)\n$/) as string,
    });
  });

  it.each([
    ['a public key', createPublicKey(newKey()).export({ type: 'spki', format: 'pem' }).toString(), /public key/],
    ['a secret', 'planted-secret-in-a-file', /no private key/],
  ])('do not come in as %s', async (_, content, message) => {
    const file = await scene.write('key.pem', content);
    const { exitCode, stdout, stderr } = await scene.run(['keys', 'import', file, '--role', 'other']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('planted');
  });

  it('go out with their public halves: a signer as other stores take it, an identity as an authority does', async () => {
    await scene.must('generate-keys', '--force');
    const signer = await scene.write('signer.pem', await scene.must('keys', 'export', '--signer'));
    const { keys } = (await scene.json('keys', 'list')) as { keys: Key[] };
    const active = (role: string): Key => keys.find((key) => key.role === role && key.state === 'active')!;
    expect(await scene.must('signers', 'add', signer)).toContain(active('signer').id);
    const { id, publicPem } = active('identity');
    expect(await scene.must('keys', 'export', '--public', id)).toBe(publicPem);
    const options = ['--account-key-request', '--account', 'acme', '--name', 'store'];
    const request = decodeAssertion(
      Buffer.from(await scene.must('keys', 'export', '--public', 'identity', ...options)),
    );
    expect(request.headers).toMatchObject({ 'account-id': 'acme', name: 'store', 'public-key-sha3-384': id });
    for (const [wrong, exitCode] of [
      [[], 2],
      [['--signer', '--public', id], 2],
      [['--public', id, '--name', 'x'], 2],
      [['--signer', ...options], 3],
    ] as const)
      expect((await scene.run(['keys', 'export', ...wrong])).exitCode).toBe(exitCode);
  });

  it('are rotated and retired', async () => {
    const before = (await scene.json('keys', 'list')) as { keys: Key[] };
    const { key } = (await scene.json('keys', 'rotate', 'signer')) as { key: Key };
    expect(before.keys.map(({ id }) => id)).not.toContain(key.id);
    const retired = await scene.run(['keys', 'retire', key.id]);
    expect(retired).toMatchObject({ exitCode: 0, stdout: `${key.id} is retired\n` });
    expect(retired.stderr).toContain('signers remove');
    expect(await scene.run(['keys', 'export', '--signer'])).toMatchObject({ exitCode: 1 });
    expect((await scene.run(['keys', 'rotate', key.id])).stderr).toContain('(key-retired)');
    expect((await scene.run(['keys', 'retire', 'no-such-key'])).stderr).toContain('(key-not-held)');
  });
});

describe('the sealing key', () => {
  let scene: Scene;
  let file: string;

  beforeAll(async () => {
    scene = await Scene.open('here');
    file = await scene.write('mounted.key', Buffer.alloc(32, 7));
    await chmod(file, 0o600);
    const pem = await scene.write('identity.pem', newKey().export({ type: 'pkcs8', format: 'pem' }));
    await scene.must('keys', 'import', pem);
  });

  afterAll(() => scene.close());

  const doctor = async (env: Record<string, string> = {}): Promise<string> =>
    (await scene.run(['doctor'], { env })).stdout;

  it('moves with everything that is sealed under it, while the store stands still', async () => {
    const source = `proxy.seal.source=file:${file}`;
    const server = await scene.startServer();
    const running = await scene.run(['config', source]);
    server.child.kill('SIGTERM');
    await server.ended;
    expect(running).toMatchObject({ exitCode: 1, stdout: '' });
    expect(running.stderr).toContain('stop it first (seal-source-kept)');
    const overridden = await scene.run(['config', source], { env: { PROXY_SEAL_SOURCE: 'file' } });
    expect(overridden).toMatchObject({ exitCode: 1 });
    expect(overridden.stderr).toContain('comes from the environment, which has to stop saying so first');
    expect(await scene.run(['config', source])).toMatchObject({ exitCode: 0 });
    expect(await scene.must('config', 'proxy.seal.source')).toBe(`file:${file}\n`);
  });

  it('is looked at by doctor, with what it seals', async () => {
    const found = await doctor();
    expect(found).toMatch(new RegExp(`^OK sealing-key: ${file} \\(key [\\w-]{8}\\)$`, 'm'));
    expect(found).toMatch(/^OK sealed-secrets: 1 secret, all can be opened$/m);
    expect(found).toMatch(/^OK keys: identity [\w-]{64}$/m);
    await chmod(file, 0o644);
    expect(await doctor()).toMatch(/^FAILED sealing-key: .* can be read by others \(mode 644\)/m);
    await writeFile(file, Buffer.alloc(32, 8));
    expect(await doctor()).toMatch(
      /^FAILED sealed-secrets: 1 of 1 secret cannot be opened: key\/[\w-]{64} is sealed under/m,
    );
    await writeFile(file, Buffer.alloc(32, 7));
    expect(await doctor({ PROXY_SEAL_SOURCE: 'credential' })).toMatch(
      /^WARNING sealing-key: .*CREDENTIALS_DIRECTORY is not set\); what is sealed was not looked at$/m,
    );
  });

  it('stays where it is when there is none in the other place', async () => {
    const { exitCode, stderr } = await scene.run(['config', 'proxy.seal.source=passphrase']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('PROXY_SEAL_PASSPHRASE is not set (seal-key-unusable)');
    expect(await scene.must('config', 'proxy.seal.source')).toBe(`file:${file}\n`);
    const env = { PROXY_SEAL_PASSPHRASE: PASSPHRASE };
    const moved = await scene.run(['config', 'proxy.seal.source=passphrase'], { env });
    expect(moved).toMatchObject({ exitCode: 0, stdout: 'proxy.seal.source: passphrase\n' });
    expect(moved.stderr).toContain(`1 secret sealed anew; the old key (${file}) still opens backups`);
    expect(await doctor(env)).toMatch(/^OK sealed-secrets: 1 secret/m);
    expect(await doctor({ PROXY_SEAL_PASSPHRASE: 'another' })).toMatch(/^FAILED sealing-key: .*not the passphrase/m);
  });
});

describe('secrets', () => {
  let scene: Scene;
  const key = newKey();
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const planted = 'planted-secret-of-devices';
  const told: string[] = [];

  /** Every way of looking at a store that an operator has, and what went wrong on the way. */
  const say = async (...args: string[]): Promise<void> => {
    for (const format of args[0] === 'config' ? ['text', 'json'] : ['json']) {
      const { stdout, stderr } = await scene.run([...args, '--format', format], {
        env: { SNAP_STORE_PROXY_LOG: 'trace' },
      });
      told.push(stdout, stderr);
    }
  };

  beforeAll(async () => {
    scene = await Scene.open();
    const file = await scene.write('identity.pem', pem);
    await say('keys', 'import', file);
    await scene.must('config', `proxy.device-auth.secret=${planted}`);
  });

  afterAll(() => scene.close());

  it('are in no answer, no error and no log', async () => {
    await say('config');
    await say('config', 'proxy.key.private', 'proxy.device-auth.secret');
    await say('config', 'proxy.domain=snaps.internal');
    await say('config', 'proxy.device-auth.secret=planted');
    await say('config', `proxy.key.private=${pem}`);
    await say('keys', 'list');
    await say('status');
    await say('doctor');
    const yaml = `proxy.device-auth.secret: "${planted}\nproxy.key.private: ${planted}"`;
    told.push(...Object.values(await scene.run(['config', '--import-yaml'], { stdin: yaml })).map(String));
    const server = await scene.startServer([], { env: { SNAP_STORE_PROXY_LOG: 'trace' } });
    await fetch(`${server.url}/v2/snaps/info/jq`);
    server.child.kill('SIGTERM');
    await server.ended;
    told.push(server.output.stdout, server.output.stderr);
    const all = told.join('\n');
    expect(all).toContain('<redacted>');
    const [, password] = /^postgres(?:ql)?:\/\/[^:@/]*:([^@/]+)@/.exec(scene.uri) ?? [];
    for (const secret of [...secretsOf(), ...(password === undefined ? [] : [password])])
      expect(all).not.toContain(secret);
  });

  it('are in no file of the store', async () => {
    const files = await readdir(scene.dataDir, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const content = await readFile(join(file.parentPath, file.name), 'latin1');
      for (const secret of secretsOf())
        expect({ name: file.name, held: content.includes(secret) }).toMatchObject({ held: false });
    }
  });

  it('are carried by an export, sealed, and come back with it', async () => {
    const exported = await scene.must('config', '--export-yaml');
    for (const secret of secretsOf()) expect(exported).not.toContain(secret);
    expect(exported).toContain('proxy.device-auth.secret: sealed-v1:');
    expect(exported).toContain('proxy.key.private: sealed-v1:');
    await scene.must('generate-keys', '--force');
    await scene.must('config', 'proxy.device-auth.secret=');
    expect(await scene.run(['config', '--import-yaml'], { stdin: exported })).toMatchObject({ exitCode: 0 });
    expect(await scene.must('config', '--export-yaml')).toContain('proxy.device-auth.secret: sealed-v1:');
    const publicPem = createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' });
    expect(await scene.must('config', 'proxy.key.public')).toBe(publicPem);
  });

  function secretsOf(): string[] {
    const { d, p } = key.export({ format: 'jwk' });
    const lines = pem.split('\n').slice(2, 4);
    return [planted, ...lines, d!.slice(10, 60), Buffer.from(p!, 'base64url').toString('hex').slice(8, 60)];
  }
});
