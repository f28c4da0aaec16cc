import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clientHome, prepareClient, testRoot } from '../../device/support/client.js';
import { Device } from '../../device/support/device.js';
import { fakestoreFiles } from '../../device/support/fakestore.js';
import { SnapMaker } from '../../device/support/snap-maker.js';
import { DatabaseServer } from './database-server.js';
import { Machine } from './machine.js';

const DOMAIN = 'snaps.internal';
const EMAIL = 'operator@example.org';
const ACCOUNT_PASSWORD = 'account-password-of-the-operator';
const PROXY_ACCESS_PASSWORD = 'access-password-of-the-store';
const SNAPSTORE_BETA_PASSWORD = 'installation-password';
/** snapd's own test store stands for the general one. */
const UPSTREAM_FOLDER = '/srv/upstream';
const UPSTREAM = '127.0.0.1:11028';
const PUSH = '/var/snap/snap-store-proxy/common/snaps-to-push/jq-20200406T103511.tar.gz';
const INSTALLED = 'jq 6.0 from Testrootorg** installed\n';

/**
 * What the user's document types, in its order and with its flags, on machines that have nothing of ours: one that is online,
 * one behind the gap without Node.js and without a way out, its database, and a device.
 */
describe('the journey from a connected machine to a device that never sees the internet', () => {
  let folder: string;
  let online: Machine;
  let closed: Machine;
  let database: DatabaseServer;
  let databaseAddress: string;
  let deviceSide: Machine;
  let storeAddress: string;
  let tarball: Buffer;
  let sha256: string;
  let jqBundle: Buffer;
  let signer: string;
  let ca: string;
  const devices: Device[] = [];
  const machines: Machine[] = [];

  beforeAll(async () => {
    await prepareClient();
    folder = await mkdtemp(join(tmpdir(), 'journey-'));
    await mkdir(join(folder, 'pairs'));
    const snaps = new SnapMaker(join(folder, 'pairs'));
    const pairs = [await snaps.make('jq', 6), ...(await snaps.essentials())];
    online = await Machine.boot('the connected machine', {
      isOnline: true,
      hasNode: true,
      sees: [process.cwd(), clientHome],
    });
    // As the package puts them there when it is installed.
    await online.must(
      `printf '#!/bin/sh\\nexec node ${process.cwd()}/dist/cli.js "$@"\\n' >/usr/local/bin/snap-proxy &&
       chmod +x /usr/local/bin/snap-proxy && cp /usr/local/bin/snap-proxy /usr/local/bin/snap-store-proxy`,
    );
    for (const pair of pairs) {
      for (const { path, bytes } of await fakestoreFiles(pair))
        await online.receive(`${UPSTREAM_FOLDER}/${path}`, bytes);
    }
    closed = await Machine.boot('the closed machine');
    database = await DatabaseServer.boot();
    deviceSide = await Machine.boot('the device network');
    machines.push(online, closed, database.machine, deviceSide);
    ({ other: databaseAddress } = await Machine.connect(closed, database.machine, '10.88.2'));
    ({ one: storeAddress } = await Machine.connect(closed, deviceSide, '10.88.1'));
  });

  afterAll(async () => {
    await Promise.all(devices.map((device) => device.close()));
    await Promise.all(machines.map((machine) => machine.shutDown()));
    await rm(folder, { recursive: true, force: true });
  });

  async function device(): Promise<Device> {
    const started = await Device.start(folder, null, { launcher: deviceSide.networkLauncher });
    devices.push(started);
    // What the closed network's name server would say.
    await started.must(
      `cp /etc/hosts /run/hosts && echo '${storeAddress} ${DOMAIN}' >>/run/hosts && mount --bind /run/hosts /etc/hosts`,
    );
    return started;
  }

  it('starts from machines that have nothing: no Node.js, no npm and no route out behind the gap', async () => {
    expect((await closed.run('command -v node || command -v npm || command -v snap-store-proxy')).exitCode).not.toBe(0);
    expect(await closed.must('ip route show default; ip -6 route show default')).toBe('');
    expect((await closed.run(`ls ${process.cwd()}/dist`)).exitCode).not.toBe(0);
  });

  it('has an authority that the devices believe', async () => {
    const env = { SNAP_STORE_PROXY_DATA: '/var/lib/authority', SNAPSTORE_PASSWORD: ACCOUNT_PASSWORD };
    await online.must(
      `snap-store-proxy authority init --account ${testRoot.account} --account-key ${testRoot.accountKey} --key ${testRoot.rootSecretKey}`,
      { env },
    );
    await online.must(`snap-store-proxy authority add-operator ${EMAIL}`, { env });
    await online.start('snap-store-proxy authority serve --port 8090', /listen/i, { env });
  });

  it('registers on the connected machine: generate-keys, config, HTTPS, register --offline', async () => {
    const env = { SNAP_STORE_PROXY_DATA: '/var/lib/snap-store-proxy' };
    await online.must(`(cat ${testRoot.account} && echo && cat ${testRoot.accountKey}) >/srv/roots.assert`);
    await online.must('sudo snap-proxy generate-keys', { env });
    await online.must(`sudo snap-proxy config proxy.domain="${DOMAIN}"`, { env });
    ca = await online.must('sudo snap-proxy import-certificate --selfsigned', { env });
    expect(ca).toContain('-----BEGIN CERTIFICATE-----');
    await online.must(
      `sudo snap-proxy config proxy.trust.extra-roots=/srv/roots.assert \
         proxy.dashboard.location=http://127.0.0.1:8090 proxy.sso.location=http://127.0.0.1:8090`,
      { env },
    );
    const said = await online.must(
      'sudo -E snap-proxy register --offline --channel=edge --arch=amd64 --install-password',
      { env: { ...env, SNAPSTORE_EMAIL: EMAIL, SNAPSTORE_PASSWORD: ACCOUNT_PASSWORD, SNAPSTORE_BETA_PASSWORD } },
    );
    expect(said).toContain(`https://${DOMAIN}`);
    [sha256 = ''] = (await online.must('cat offline-snap-store.tar.gz.sha256')).split(' ');
    expect(said).toContain(sha256);
    await online.must('cp offline-snap-store.tar.gz /srv/carried');
    tarball = await readFile(`/proc/${online.pid}/root/srv/carried`);
  });

  it('installs behind the gap, on its database, and goes into air-gapped mode', async () => {
    await closed.receive('/root/offline-snap-store.tar.gz', tarball);
    await closed.receive('/srv/roots.assert', await online.must('cat /srv/roots.assert'));
    const script = `
set -eu
tar xvzf offline-snap-store.tar.gz
cd offline-snap-store
sudo ./install.sh --sha256 ${sha256}
sudo snap-store-proxy config proxy.db.connection="$POSTGRESQL_CONN_STRING"
sudo snap-store-proxy config proxy.trust.extra-roots=/srv/roots.assert
SNAPSTORE_BETA_PASSWORD="$SNAPSTORE_BETA_PASSWORD" sudo -E snap-store-proxy enable-airgap-mode --password $PROXY_ACCESS_PASSWORD
sudo snap-store-proxy status`;
    const said = await closed.must(script, {
      env: {
        POSTGRESQL_CONN_STRING: database.connectionString(databaseAddress),
        SNAPSTORE_BETA_PASSWORD,
        PROXY_ACCESS_PASSWORD,
      },
    });
    const [url, db, mode, id] = said.slice(said.indexOf('Store URL:')).split('\n');
    expect(url).toBe(`Store URL: https://${DOMAIN}`);
    expect(db).toBe('Store DB: ok');
    expect(mode).toBe('Store is in air-gapped mode');
    expect(id).toMatch(/^Store ID: \S{20,}$/);
    for (const secret of [PROXY_ACCESS_PASSWORD, SNAPSTORE_BETA_PASSWORD, 'snapproxy-password']) {
      expect(said).not.toContain(secret);
    }
  });

  it('serves with what install.sh says where there is no systemd', async () => {
    await closed.start('sudo snap-store-proxy serve', /listens on/);
    const status = await closed.must('sudo snap-store-proxy status');
    expect(status).toMatch(/^ {2}catalog: running$/m);
    expect(status).toMatch(/^ {2}https: running/m);
  });

  it('fetches on the connected machine what a device will ask for', async () => {
    const env = { SNAP_STORE_PROXY_DATA: '/var/lib/snap-store-proxy' };
    const fakestore = `${clientHome}/bin/fakestore run --dir ${UPSTREAM_FOLDER} --addr ${UPSTREAM}`;
    await online.start(
      `sh -c '${fakestore} & until curl -s -o /dev/null http://${UPSTREAM}/; do sleep 0.1; done; echo answers; wait'`,
      /answers/,
    );
    await online.must(`sudo snap-store-proxy config proxy.upstream=http://${UPSTREAM}`, { env });
    const said = await online.must('sudo snap-store-proxy fetch-snaps jq --channel=stable --architecture=amd64', {
      env,
    });
    const [, path = ''] = /^Downloaded jq to (\S+\/jq-\d{8}T\d{6}\.tar\.gz)$/m.exec(said) ?? [];
    expect(said).toMatch(/signed by/);
    signer = await online.must('sudo snap-store-proxy keys export --signer', { env });
    await online.must(`cp ${path} /srv/carried-snaps`);
    jqBundle = await readFile(`/proc/${online.pid}/root/srv/carried-snaps`);
  });

  it('takes a pushed bundle from the place that the document names', async () => {
    await closed.must('test -d /var/snap/snap-store-proxy/common/snaps-to-push/');
    await closed.receive(PUSH, jqBundle);
    const said = await closed.must(`sudo snap-store-proxy push-snap ${PUSH}`);
    expect(said).toContain('jq');
    // Registration has made the connected side's signer known.
    expect(said).toMatch(/signed by/i);
    expect(await closed.must('sudo snap-store-proxy list-pushed-snaps')).toMatch(/^jq\s/m);
  });

  it('has a device that knows the store by its assertion: snap info jq, snap install jq', async () => {
    const own = await device();
    await writeFile(join(folder, 'ca.pem'), ca);
    await own.must(`snap set system store-certs.internal="$(cat ${join(folder, 'ca.pem')})"`);
    await own.must(
      `curl -sL --cacert ${join(folder, 'ca.pem')} https://${DOMAIN}/v2/auth/store/assertions | snap ack /dev/stdin`,
    );
    const storeId = (await own.must(`snap known store | awk '/^store:/{print $2}'`)).trim();
    expect(await closed.must('sudo snap-store-proxy status')).toContain(`Store ID: ${storeId}\n`);
    await own.must(`snap set core proxy.store=${storeId}`);
    expect(await own.must('snap info jq')).toContain('name:      jq');
    expect(await own.must('snap install jq')).toBe(INSTALLED);
    expect((await own.run('snap refresh')).stderr).toBe('All snaps up to date.\n');
  });

  it('has a device that comes by the script that client-config prints', async () => {
    const own = await device();
    const script = join(folder, 'client.sh');
    await writeFile(script, await closed.must('sudo snap-store-proxy client-config --device classic'));
    await own.must(`sh ${script}`);
    expect(await own.must('snap get core proxy.store')).toMatch(/^\S{20,}\n$/);
    expect(await own.must('snap install jq')).toBe(INSTALLED);
  });

  it('tells nobody its secrets: not in its settings, its logs, or what its processes are called with', async () => {
    const shown = await closed.must('sudo snap-store-proxy config; sudo snap-store-proxy config --format json');
    const files = await closed.must('grep -rl "PRIVATE KEY" /var/lib/snap-store-proxy || true');
    const processes = await closed.must("cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    expect(files).toBe('');
    for (const secret of [PROXY_ACCESS_PASSWORD, SNAPSTORE_BETA_PASSWORD, 'snapproxy-password', 'PRIVATE KEY']) {
      expect(shown).not.toContain(secret);
      expect(processes).not.toContain(secret);
    }
  });

  describe.each([
    {
      which: 'one that needs nobody: --self-issued',
      port: 8100,
      become: async (env: Record<string, string>) => {
        await closed.must('snap-store-proxy generate-keys', { env });
        await closed.must(`snap-store-proxy config proxy.domain=${DOMAIN}`, { env });
        await closed.must('snap-store-proxy register --self-issued', { env });
      },
      storeId: 'not registered (self-issued)',
    },
    {
      which: "one that was registered in Canonical's layout",
      port: 8200,
      become: async (env: Record<string, string>) => {
        await closed.receive('/root/canonical.tar.gz', await canonicalLayout());
        await closed.must('snap-store-proxy config proxy.trust.extra-roots=/srv/roots.assert', { env });
        await closed.must('snap-store-proxy register --from-bundle canonical.tar.gz', { env });
      },
      storeId: /^\S{20,}$/,
    },
  ])('another store on the closed machine, $which', ({ port, become, storeId }) => {
    const env = { SNAP_STORE_PROXY_DATA: `/srv/store-${port}` };

    it('is enabled, serves, and a device installs from it', async () => {
      await closed.must(`mkdir -p ${env.SNAP_STORE_PROXY_DATA}`);
      await closed.must(`snap-store-proxy config proxy.port.http=${port} proxy.port.https=${port + 1}`, { env });
      await become(env);
      await closed.must(`snap-store-proxy enable-airgap-mode --password ${PROXY_ACCESS_PASSWORD}`, { env });
      const status = JSON.parse(await closed.must('snap-store-proxy status --format json', { env })) as Record<
        string,
        unknown
      >;
      expect(status.isAirGapped).toBe(true);
      const [, id] = /^Store ID: (.*)$/m.exec(await closed.must('snap-store-proxy status', { env })) ?? [];
      expect(id).toEqual(typeof storeId === 'string' ? storeId : expect.stringMatching(storeId));
      await closed.start('snap-store-proxy serve', /listens on/, { env });
      await closed.must(`snap-store-proxy config proxy.trust.extra-roots=/srv/roots.assert`, { env });
      const unknown = await closed.run(`snap-store-proxy push-snap ${PUSH}`, { env });
      expect([unknown.exitCode, unknown.stderr]).toEqual([3, expect.stringContaining('signer-unknown')]);
      await closed.receive('/srv/connected-side.pem', signer);
      await closed.must('snap-store-proxy signers add /srv/connected-side.pem', { env });
      await closed.must(`snap-store-proxy push-snap ${PUSH}`, { env });
      const own = await device();
      const script = join(folder, `client-${port}.sh`);
      await writeFile(script, await closed.must('snap-store-proxy client-config', { env }));
      await own.must(`sh ${script}`);
      expect(await own.must('snap info jq')).toContain('name:      jq');
      expect(await own.must('snap install jq')).toBe(INSTALLED);
      await own.must(`sh ${script} undo`);
    });
  });

  /** As the original writes it: the folder with proxy.assert, registration_bundle.b64, and snaps that mean nothing to us. */
  async function canonicalLayout(): Promise<Buffer> {
    const env = { SNAP_STORE_PROXY_DATA: '/var/lib/canonical' };
    await online.must('snap-proxy generate-keys', { env });
    await online.must(
      `snap-proxy config proxy.domain=${DOMAIN} proxy.trust.extra-roots=/srv/roots.assert \
         proxy.dashboard.location=http://127.0.0.1:8090 proxy.sso.location=http://127.0.0.1:8090 proxy.port.http=8200`,
      { env },
    );
    await online.must('snap-proxy register --offline --output /srv/ours.tar.gz', {
      env: { ...env, SNAPSTORE_EMAIL: EMAIL, SNAPSTORE_PASSWORD: ACCOUNT_PASSWORD },
    });
    await online.must('mkdir -p /srv/canonical && tar xzf /srv/ours.tar.gz -C /srv/canonical');
    const inside = `/proc/${online.pid}/root/srv/canonical/offline-snap-store`;
    const ours = JSON.parse(
      Buffer.from(await readFile(`${inside}/registration_bundle.b64`, 'utf8'), 'base64').toString(),
    ) as Record<string, string>;
    const { domain, private_key, public_key, store_id, store_assertion } = ours;
    const plain = Buffer.from(JSON.stringify({ domain, private_key, public_key, store_id, store_assertion }));
    await writeFile(`${inside}/registration_bundle.b64`, plain.toString('base64'));
    await online.must(
      `cd /srv/canonical && mkdir c && mkdir c/offline-snap-store && cd offline-snap-store &&
       cp proxy.assert registration_bundle.b64 ../c/offline-snap-store/ && cd ../c/offline-snap-store &&
       echo 'snap install' >install.sh && touch core22_1.snap core22_1.assert && cd .. &&
       tar czf /srv/canonical.tar.gz offline-snap-store`,
    );
    return readFile(`/proc/${online.pid}/root/srv/canonical.tar.gz`);
  }
});
