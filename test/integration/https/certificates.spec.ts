import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { checkHttps, readHttps } from '../../../src/cli/diagnosis/https.js';
import { covers } from '../../../src/formats/certificate/index.js';
import { Clock } from '../../../src/kernel/clock.js';
import { DomainNotSetError } from '../../../src/modules/https/index.js';
import { StoreUrl } from '../../../src/platform/http/store-url.js';
import { makeCertificate, makeChain } from '../../support/certificates.js';
import { HttpsScene } from './scene.js';

const DOMAIN = 'snaps.internal';
const DAY_MS = 24 * 60 * 60 * 1000;

describe('certificates of a store', () => {
  let scene: HttpsScene;

  beforeAll(async () => {
    scene = await HttpsScene.open();
  });

  afterAll(() => scene.close());

  afterEach(async () => {
    vi.restoreAllMocks();
    await scene.set('proxy.tls.cert', null);
    await scene.set('proxy.tls.key', null);
  });

  const inDatabase = async (): Promise<string> =>
    JSON.stringify([
      await scene.operator.query('SELECT * FROM snap_store.setting'),
      await scene.operator.query('SELECT * FROM snap_store.certificate_authority'),
    ]);

  const at = (days: number): void => {
    const now = new Date(Date.now() + days * DAY_MS);
    vi.spyOn(scene.operator.context.get(Clock), 'now').mockReturnValue(now);
  };

  it('has none at first', async () => {
    const { certificates } = scene;
    expect(await certificates.current()).toBeNull();
    expect(await certificates.serving()).toBeNull();
    expect(await certificates.exportForBundle()).toBeNull();
    expect(await certificates.caPem()).toBeNull();
    expect(await certificates.check(DOMAIN, new Date())).toEqual([]);
  });

  it('keeps an imported chain in order, its key sealed, and gives both back for a bundle', async () => {
    const { root, intermediate, leaf } = await makeChain({ name: DOMAIN, dns: [DOMAIN], ip: ['10.0.0.1'] });
    const pem = leaf.keyPem + intermediate.pem + leaf.pem;
    const { certificate, warnings } = await scene.certificates.import(pem, { domain: DOMAIN });
    expect(certificate).toMatchObject({ names: [DOMAIN, '10.0.0.1'], issuer: 'Test intermediate' });
    expect(warnings).toEqual([]);
    expect(await scene.certificates.exportForBundle()).toEqual({
      certPem: leaf.pem + intermediate.pem,
      keyPem: leaf.keyPem,
    });
    expect(await inDatabase()).not.toContain('PRIVATE KEY');
    // Devices are told of a root only where the operator has given one.
    expect(await scene.certificates.caPem()).toBeNull();
    await scene.certificates.import(pem + root.pem, { domain: DOMAIN });
    expect(await scene.certificates.caPem()).toBe(root.pem);
  });

  it.each([
    ['has expired', { dns: [DOMAIN], to: new Date(Date.now() - 1000) }, /"store" has expired/],
    [
      'is for another name',
      { dns: ['other.internal'] },
      /is for other\.internal, and proxy\.domain is snaps\.internal/,
    ],
  ])('refuses one that %s, and keeps the one that it has', async (_what, plan, message) => {
    const good = await makeCertificate({ name: 'good', dns: [DOMAIN] });
    await scene.certificates.import(good.pem + good.keyPem, { domain: DOMAIN });
    const bad = await makeCertificate({ name: 'store', ...plan });
    await expect(scene.certificates.import(bad.pem + bad.keyPem, { domain: DOMAIN })).rejects.toThrow(message);
    expect((await scene.certificates.serving())?.certPem).toBe(good.pem);
  });

  it('takes one that ends soon, and says so then and later', async () => {
    const soon = await makeCertificate({ name: 'store', dns: [DOMAIN], to: new Date(Date.now() + 10.5 * DAY_MS) });
    const { warnings } = await scene.certificates.import(soon.pem + soon.keyPem, { domain: null });
    expect(warnings).toMatchObject([{ kind: 'expires-soon', isFatal: false }]);
    expect(await scene.certificates.check(DOMAIN, new Date())).toMatchObject([{ kind: 'expires-soon' }]);
    expect(await scene.certificates.check('x', new Date(Date.now() + 11 * DAY_MS))).toMatchObject([
      { kind: 'expired', isFatal: true },
      { kind: 'names-do-not-fit', isFatal: true },
    ]);
  });

  it('adopts what was set elsewhere although it has expired, but not with a key that does not fit', async () => {
    const old = await makeCertificate({ name: 'old', dns: [DOMAIN], to: new Date(Date.now() - 1000) });
    const { warnings } = await scene.certificates.adopt({ certPem: old.pem, keyPem: old.keyPem });
    expect(warnings).toMatchObject([{ kind: 'expired' }]);
    const other = await makeCertificate({ name: 'other', dns: [DOMAIN] });
    await expect(scene.certificates.adopt({ certPem: old.pem, keyPem: other.keyPem })).rejects.toThrow(
      /does not belong/,
    );
    expect((await scene.certificates.serving())?.keyPem).toBe(old.keyPem);
  });

  it('signs one itself for the domain and its addresses, within what clients bear', async () => {
    const made = await scene.certificates.selfSign({ domain: 'Snaps.Internal' });
    const { certPem } = (await scene.certificates.serving())!;
    const leaf = new X509Certificate(certPem);
    for (const host of [DOMAIN, 'localhost', '127.0.0.1']) expect(covers(leaf, host)).toBe(true);
    expect(leaf.verify(new X509Certificate(made.caPem).publicKey)).toBe(true);
    expect(new Date(leaf.validTo).getTime() - new Date(leaf.validFrom).getTime()).toBeLessThan(825 * DAY_MS);
    expect(leaf.ca).toBe(false);
    expect(new X509Certificate(made.caPem).ca).toBe(true);
    expect(await scene.certificates.caPem()).toBe(made.caPem);
    expect(await inDatabase()).not.toContain('PRIVATE KEY');
  });

  it('signs for a domain that is an address, and for one that no subject has room for', async () => {
    for (const domain of ['10.1.2.3', '[fd00::5]', `${'a'.repeat(60)}.${'b'.repeat(60)}.internal`]) {
      const { warnings } = await scene.certificates.selfSign({ domain });
      expect(warnings).toEqual([]);
      expect(await scene.certificates.check(domain, new Date())).toEqual([]);
      const { certPem } = (await scene.certificates.serving())!;
      expect(new X509Certificate(certPem).subject.length).toBeLessThanOrEqual('CN='.length + 64);
    }
  });

  it('signs again with the same authority for as long as that lasts a year, whatever the domain is', async () => {
    const first = await scene.certificates.selfSign({ domain: DOMAIN });
    at(3650 - 1 - 366);
    const second = await scene.certificates.selfSign({ domain: 'moved.internal' });
    expect(second.caPem).toBe(first.caPem);
    expect(second.isNewAuthority).toBe(false);
    // A server's certificate does not outlive its issuer.
    expect(second.certificate.validTo.getTime()).toBeLessThanOrEqual(
      new Date(new X509Certificate(first.caPem).validTo).getTime(),
    );
    at(3650 - 1 - 364);
    const third = await scene.certificates.selfSign({ domain: DOMAIN });
    expect(third.isNewAuthority).toBe(true);
    expect(third.caPem).not.toBe(first.caPem);
  });

  it('makes one authority where two are wanted at once', async () => {
    await scene.operator.query('DELETE FROM snap_store.certificate_authority');
    const made = await Promise.all([1, 2, 3].map(() => scene.certificates.selfSign({ domain: DOMAIN })));
    expect(new Set(made.map(({ caPem }) => caPem)).size).toBe(1);
    expect(made.filter(({ isNewAuthority }) => isNewAuthority)).toHaveLength(1);
  });

  it('signs nothing while nobody has said the domain', async () => {
    await expect(scene.certificates.selfSign({ domain: null })).rejects.toThrow(DomainNotSetError);
    expect(await scene.certificates.current()).toBeNull();
  });

  it('says that a key cannot be opened when the sealing key has gone', async () => {
    const good = await makeCertificate({ name: 'good', dns: [DOMAIN] });
    await scene.certificates.import(good.pem + good.keyPem, { domain: DOMAIN });
    const path = join(scene.dataDir, 'seal.key');
    const kept = await readFile(path);
    const other = await HttpsScene.open();
    try {
      const sealed = await scene.operator.query<{ value: string }>(
        "SELECT value FROM snap_store.setting WHERE key = 'proxy.tls.key'",
      );
      // As after a restore without the sealing key.
      await writeFile(join(other.dataDir, 'seal.key'), Buffer.alloc(kept.length, 7), { mode: 0o600 });
      await other.operator.query(
        `INSERT INTO snap_store.setting (key, value) VALUES ('proxy.tls.key', '${sealed[0]!.value}'), ('proxy.tls.cert', '${good.pem}')`,
      );
      const server = await other.serve();
      expect(server.secureAddress).toBeNull();
      expect((await fetch(`http://127.0.0.1:${server.address.port}/`)).status).toBe(200);
      await server.close();
    } finally {
      await other.close();
    }
  });
});

describe('what doctor says of HTTPS', () => {
  let scene: HttpsScene;

  beforeAll(async () => {
    scene = await HttpsScene.open();
  });

  afterAll(() => scene.close());

  const said = async (): Promise<string> => {
    const { state, message } = checkHttps(await readHttps(scene.operator.context));
    return `${state} ${message}`;
  };

  it('minds that devices were told another scheme, unless a reverse proxy is trusted', async () => {
    const registered = scene.operator.context.get(StoreUrl);
    registered.set('https://snaps.internal');
    expect(await said()).toMatch(
      /^warning the store is registered as https:\/\/snaps\.internal; without a certificate/,
    );
    await scene.certificates.selfSign({ domain: DOMAIN });
    expect(await said()).toMatch(/^ok for snaps\.internal, /);
    registered.set('http://snaps.internal');
    expect(await said()).toMatch(/^warning the store is registered as http:\/\/snaps\.internal; devices are sent on/);
    await scene.set('proxy.trust-forwarded-proto', 'true');
    expect(await said()).toMatch(/^ok /);
  });
});
