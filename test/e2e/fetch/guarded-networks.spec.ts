import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeMacaroon, Macaroon } from '../../../src/formats/macaroon/index.js';
import { makeChain } from '../../support/certificates.js';
import { type ForwardProxy, startForwardProxy } from '../../support/forward-proxy.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../support/online-store.js';
import { Scene } from '../cli/scene.js';

const root = Macaroon.create('store', Buffer.from('root'), Buffer.from('key'));
const discharge = Macaroon.create('login', Buffer.from('discharge'), Buffer.from('key'));
const shown = `Macaroon root="${encodeMacaroon(root)}", discharge="${encodeMacaroon(discharge.boundTo(root))}"`;

describe('fetch-snaps behind a proxy, from a store whose certificate an organisation has signed itself', () => {
  let scene: Scene;
  let online: EmulatedOnlineStore;
  let proxy: ForwardProxy;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    scene = await Scene.open();
    const { root: ca, intermediate, leaf } = await makeChain({ name: 'store', dns: ['store.test'] });
    online = await startOnlineStore({
      authority: scene.authority,
      authorization: shown,
      publicUrl: 'https://store.test',
      tls: { key: leaf.keyPem, cert: `${leaf.pem}${intermediate.pem}` },
    });
    await online.publish({ name: 'secret', revision: 1, isPrivate: true, storeId: 'BrandStore' });
    await online.publish({ name: 'secret', revision: 2, isPrivate: true, storeId: 'BrandStore' });
    online.cohorts.set('MSBz', new Map([['secret', 1]]));
    proxy = await startForwardProxy(online.url, 'me:hunter2');
    const settings = ['proxy.upstream=https://store.test', `proxy.https.proxy=http://me:hunter2@${proxy.host}`];
    await scene.must('config', ...settings);
    env = { NODE_EXTRA_CA_CERTS: await scene.write('ca.pem', ca.pem) };
  });

  afterAll(async () => {
    await proxy.close();
    await online.close();
    await scene.close();
  });

  it('gets a private snap with the credentials that snapcraft exported, as a cohort sees it', async () => {
    const [r, d] = [encodeMacaroon(root), encodeMacaroon(discharge)];
    const login = Buffer.from(JSON.stringify({ t: 'u1-macaroon', v: { r, d } })).toString('base64');
    const args = ['fetch-snaps', 'secret', '--no-prerequisites', '--arch', 'amd64', '--export-dir', 'out'];
    const who = ['--auth', await scene.write('login', login), '--store', 'BrandStore', '--cohort', 'MSBz'];
    const { exitCode, stdout, stderr } = await scene.run([...args, ...who, '--format', 'json'], { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await readdir(join(scene.folder, 'out'))).toHaveLength(1);
    expect(stdout).toContain('"revision": 1');
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT store.test:443']));
    expect(online.requests.map(({ headers }) => headers.authorization)).not.toContain(undefined);
    expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`hunter2|${d.slice(0, 40)}`));
  });

  it('says who is not trusted, and who is not let in', async () => {
    const args = ['fetch-snaps', 'secret', '--no-prerequisites', '--arch', 'amd64'];
    const [untrusted, nobody] = await Promise.all([scene.run(args), scene.run(args, { env })]);
    expect(untrusted.exitCode).toBe(5);
    expect(untrusted.stderr).toMatch(/^error: .*store\.test.* authority behind its certificate is not/m);
    expect(nobody.exitCode).toBe(1);
    expect(nobody.stderr).toMatch(/^error: .*secret.* \(not-offered\)$/m);
  });
});
