import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ed25519Signer } from '../../../src/formats/bundle/index.js';
import { newSigner, packBundle, testBundle } from '../../support/bundles.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../support/online-store.js';
import { Scene } from '../cli/scene.js';

/** What is carried in an unusual way: assertions alone, bundles in parts, bundles that were made of others. */
describe('carrying, by the command line', () => {
  let connected: Scene;
  let other: Scene;
  let online: EmulatedOnlineStore;

  beforeAll(async () => {
    [connected, other] = [await Scene.open(), await Scene.open()];
    online = await startOnlineStore({ authority: connected.authority });
    await connected.must('config', `proxy.upstream=${online.url}`);
    await other.must('config', `proxy.trust.extra-roots=${join(connected.folder, 'roots.assert')}`);
  });

  afterAll(async () => {
    await online.close();
    await connected.close();
    await other.close();
  });

  it('brings a validation set with the key that signed it, as a stream and as a bundle', async () => {
    const { authority } = connected;
    const { key, accountKey } = authority.delegate();
    const headers = { series: '16', 'account-id': authority.id, name: 'classroom', sequence: '3' };
    const snaps = [{ name: 'jq', id: 'j'.repeat(32), presence: 'required' }];
    online.offerAssertions([accountKey, authority.sign('validation-set', { ...headers, snaps }, key)]);
    const name = `${authority.id}/classroom`;
    const output = join(connected.folder, 'classroom.assert');
    const stdout = await connected.must('fetch-assertions', 'validation-set', name, '--output', output);
    expect(stdout).toContain(`account-key/${key.id} (needed)\nvalidation-set/16/${name}/3\nWritten: ${output}`);
    expect(await other.must('assertions', 'push', output)).toContain(`validation-set/16/${name}/3`);
    const exportDir = join(connected.folder, 'sets');
    const arguments_ = ['validation-set', `${name}=3`, '--bundle', '--export-dir', exportDir];
    const { output: bundle } = (await connected.json('fetch-assertions', ...arguments_)) as { output: string };
    expect(await readdir(exportDir)).toEqual([expect.stringMatching(/^validation-set-\d{8}T\d{6}\.tar\.gz$/)]);
    expect(await other.must('push-snap', bundle)).toMatch(/already imported; nothing to change\n$/);
  });

  it('brings a bundle in parts, as they come', async () => {
    await online.publish({ name: 'core22', revision: 22, type: 'base', sizeBytes: 200_000 });
    const exportDir = join(connected.folder, 'parts');
    await connected.must('fetch-snaps', 'core22', '--no-prerequisites', '--split', '80K', '--export-dir', exportDir);
    const parts = (await readdir(exportDir)).sort().map((name) => join(exportDir, name));
    expect(parts).toHaveLength(3);
    // What lies beside a part belongs to it; on another medium it would not be there.
    const medium = await other.write(parts[1]!.slice(exportDir.length + 1), await readFile(parts[1]!));
    const first = await other.run(['push-snap', medium]);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/^core22-.*\.part\*of3: part 2 of 3 is kept; parts 1 and 3 of 3 are missing\n$/);
    expect(await other.must('push-snap', parts[2]!, parts[0]!)).toContain(
      'Uploaded snap blob and assertions for core22 revision 22',
    );
  });

  it('makes one bundle of several, and signs for those only whose signers it knows', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = await connected.write('signer.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    await connected.must('keys', 'import', pem);
    const own = ed25519Signer(privateKey);
    const packed = async (name: string, signer = own): Promise<string> => {
      const { plan, content, stream } = connected.signed(name, 1);
      const snaps = [{ name, snapId: plan.snapId, revisions: [{ revision: 1, content, channels: ['latest/stable'] }] }];
      const bundle = testBundle({ snaps, assertions: [{ name, bytes: stream }], signer });
      return connected.write(`${name}.tar.gz`, await packBundle(bundle));
    };
    const [one, two, strange] = [await packed('jq'), await packed('yq'), await packed('aq', newSigner())];
    const output = join(connected.folder, 'tools.tar.gz');
    const roots = ['--extra-root', join(connected.folder, 'roots.assert')];
    const refused = await connected.run(['bundle', 'merge', one, strange, '--output', output, ...roots]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toMatch(/aq\.tar\.gz: is signed by .*\(signer-unknown\)\n/);
    const stdout = await connected.must('bundle', 'merge', one, two, '--output', output, ...roots);
    expect(stdout).toContain(`from ${one}: made 2026-01-02T03:04:05Z, signed by ${own.keyId}\n`);
    expect(stdout).toMatch(new RegExp(`2 snaps, 5 assertions, .*, signed by ${own.keyId}; id [0-9a-f-]{36}\n$`));
    const difference = await connected.must('bundle', 'diff', one, output);
    expect(difference).toMatch(
      /^\+ yq yqx+\n {4}\+ revision 1: 1\.0, amd64, 16\.0 KiB\n {4}\+ latest\/stable amd64: none -> 1 \(fetched\)\n/m,
    );
  });
});
