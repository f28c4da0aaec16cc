import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { RegistrationBundle } from '../../../src/formats/registration-bundle/index.js';
import type { WrittenBundle } from '../../../src/modules/registration/offline-bundle/bundle-file.js';
import { sealWithPassphrase } from '../../../src/platform/sealing/index.js';
import { canMakeMachines, ClosedMachine } from './closed-machine.js';
import { RealBundles } from './real-bundle.js';
import { writeSmallBundle } from './small-bundle.js';

const PASSWORD = 'planted-install-password';
const INSTALL = 'cd /opt/carried && tar xzf offline-snap-store.tar.gz && cd offline-snap-store && ./install.sh';

let bundles: string;
let machine: ClosedMachine;

beforeAll(async () => {
  bundles = await mkdtemp(join(tmpdir(), 'bundles-'));
});
afterAll(() => rm(bundles, { recursive: true, force: true }));

/** On a medium: what is under /opt there is not what is under /opt here. */
const carry = (bundle: WrittenBundle): Promise<string> =>
  machine.must(`rm -rf /opt/carried; mkdir /opt/carried; cp ${bundle.path} /opt/carried/offline-snap-store.tar.gz`);

describe.skipIf(!canMakeMachines)('a machine with no Node.js and no network', () => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  let real: RealBundles;
  let first: WrittenBundle;
  let second: WrittenBundle;

  async function selfIssued(url: string, isSealed: boolean): Promise<RegistrationBundle> {
    const text = await sealWithPassphrase(Buffer.from(pair.privateKey), PASSWORD, 'registration/private-key');
    return {
      domain: new URL(url).hostname,
      url,
      storeId: null,
      privateKey: isSealed ? { kind: 'sealed', text } : { kind: 'clear', pem: pair.privateKey },
      publicKeyPem: pair.publicKey,
      assertions: [],
      certificate: null,
      signerPem: null,
    };
  }

  beforeAll(async () => {
    real = await RealBundles.prepare(bundles);
    first = await real.write('first', await selfIssued('http://snaps.internal', true), true);
    second = await real.write('second', await selfIssued('http://snaps.internal', false), false);
    machine = await ClosedMachine.start();
  }, 300_000);
  afterAll(() => machine.stop());

  it('has neither, which is what is to be shown', async () => {
    expect((await machine.type('node --version')).exitCode).not.toBe(0);
    expect((await machine.type('npm --version')).exitCode).not.toBe(0);
    expect((await machine.must('cat /proc/net/route')).trim().split('\n')).toHaveLength(1);
  });

  it('becomes a store by what was carried to it', async () => {
    await carry(first);
    const output = await machine.must(`${INSTALL} --sha256 ${first.sha256Hex}`);
    expect(output).toContain(`snap-store-proxy ${real.version} is installed in /opt/snap-store-proxy`);
    expect(output).toContain('sudo snap-store-proxy serve');
    for (const command of ['snap-store-proxy', 'snap-proxy']) {
      expect(await machine.must(`${command} --version`)).toBe(`${real.version}\n`);
    }
    expect(await machine.must('snap-store-proxy config proxy.port.http')).toBe('80\n');
    expect(await machine.must('id -un snap-store-proxy')).toBe('snap-store-proxy\n');
    const modes = 'stat -c "%U %a %n" /var/lib/snap-store-proxy/registration/* /var/lib/snap-store-proxy/registration';
    expect(await machine.must(modes)).toBe(
      'snap-store-proxy 600 /var/lib/snap-store-proxy/registration/registration_bundle.b64\n' +
        'snap-store-proxy 700 /var/lib/snap-store-proxy/registration\n',
    );
    await machine.must('test -d /var/snap/snap-store-proxy/common/snaps-to-push');
  });

  it('serves from its own runtime and its own database, as its own user', async () => {
    const stop = await machine.background('snap-store-proxy serve', (text) => text.includes('Ctrl-C stops it'));
    try {
      const status = await machine.must('snap-store-proxy status');
      expect(status).toContain('Store DB: ok');
      expect(status).toContain('catalog: running');
      const processes = await machine.must(
        'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null; echo; done',
      );
      expect(processes).toMatch(/\/opt\/snap-store-proxy\/versions\/\S+\/runtime\/bin\/node \S+ serve/);
      expect(processes).toMatch(
        /\/opt\/snap-store-proxy\/versions\/\S+\/native\/bin\/postgres -D \/var\/lib\/snap-store-proxy/,
      );
      const owners = await machine.must('find /var/lib/snap-store-proxy ! -user snap-store-proxy');
      expect(owners).toBe('');
    } finally {
      expect(await stop()).toContain('enable-airgap-mode');
    }
  });

  it('opens what was sealed with the installation password, and with nothing else', async () => {
    const enable = 'snap-store-proxy enable-airgap-mode --password access-password';
    const without = await machine.type(enable);
    expect(without.exitCode).toBe(4);
    expect(without.output).toContain('registration-sealed');
    expect((await machine.type(enable, { SNAPSTORE_BETA_PASSWORD: 'wrong' })).output).toContain('wrong-passphrase');
    await machine.must(enable, { SNAPSTORE_BETA_PASSWORD: PASSWORD });
    expect(await machine.must('snap-store-proxy status')).toContain('Store URL: http://snaps.internal');
  });

  it('is upgraded in place, and keeps what it is', async () => {
    await carry(second);
    const output = await machine.must(INSTALL);
    expect(output).toContain('its data is where it was');
    const status = await machine.must('snap-store-proxy status');
    expect(status).toContain('Store URL: http://snaps.internal');
    expect(status).toContain('Store DB: ok');
  });

  it('writes a bundle of itself, in which everything is that a further machine needs', async () => {
    const register = 'cd /opt && snap-store-proxy register --self-issued --output /var/tmp/own.tar.gz';
    await machine.must('chmod 1777 /var/tmp');
    const written = JSON.parse((await machine.must(`${register} --format json 2>/dev/null`)) || '{}') as {
      sha256: string;
    };
    await machine.must('cd /var/tmp && sha256sum --check own.tar.gz.sha256 && tar xzf own.tar.gz');
    const output = await machine.must(
      `/var/tmp/offline-snap-store/install.sh --sha256 ${written.sha256} --tarball /var/tmp/own.tar.gz ` +
        '--no-user --prefix /var/tmp/opt --data-dir /var/tmp/data --bin-dir /var/tmp/bin',
    );
    expect(output).toContain(`snap-store-proxy ${real.version} is installed in /var/tmp/opt`);
    expect(await machine.must('/var/tmp/bin/snap-store-proxy --version')).toBe(`${real.version}\n`);
    const other = process.arch === 'x64' ? 'arm64' : 'amd64';
    const refused = await machine.type(`${register} --arch ${other}`);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toMatch(/\((?:package-unavailable|egress-refused)\)/);
    await machine.must('rm -rf /var/tmp/own* /var/tmp/offline-snap-store /var/tmp/opt /var/tmp/data /var/tmp/bin');
  });

  it('keeps its key in no file in clear once the store has started', async () => {
    const stop = await machine.background('snap-store-proxy serve', (text) => text.includes('Ctrl-C stops it'));
    await stop();
    const secret = pair.privateKey.split('\n')[3] ?? '';
    const inBase64 = Buffer.from(`"private_key":"${pair.privateKey.slice(0, 27)}`)
      .toString('base64')
      .slice(8, 40);
    for (const needle of [secret, inBase64]) {
      const found = await machine.type(
        `grep -rlF -e '${needle}' /var/lib/snap-store-proxy /opt/snap-store-proxy /var/log`,
      );
      expect(found.output).toBe('');
    }
  });

  it('is as it was before when it is removed with its data', async () => {
    await machine.must('/opt/snap-store-proxy/current/install.sh --uninstall');
    expect((await machine.type('snap-store-proxy --version')).exitCode).toBe(127);
    await machine.must('test -d /var/lib/snap-store-proxy/database');
    await machine.must(`${INSTALL} && ./install.sh --uninstall --purge`);
    const left = await machine.must('ls -A /usr/local/bin /var/lib; getent passwd snap-store-proxy || true');
    expect(left).toBe('/usr/local/bin:\n\n/var/lib:\n');
  });
});

describe.skipIf(!canMakeMachines)('a machine with systemd', () => {
  /** Answers as systemctl does, and notes what it was asked. */
  const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/var/log/systemctl
case "$*" in
*is-active*) test -e /run/active ;;
"restart snap-store-proxy.service") ! grep -q "$(cat /run/broken 2>/dev/null || echo none)" /opt/snap-store-proxy/current/program/dist/cli.js ;;
show*) echo active ;;
esac
`;

  beforeEach(async () => {
    machine = await ClosedMachine.start();
    await machine.must(
      `mkdir -p /run/systemd/system; cat >/usr/local/bin/systemctl <<'END'\n${SYSTEMCTL}END\nchmod +x /usr/local/bin/systemctl`,
    );
    await machine.must('printf "#!/bin/sh\\n" >/usr/local/bin/sleep; chmod +x /usr/local/bin/sleep');
  });
  afterEach(() => machine.stop());

  const calls = (): Promise<string> => machine.must('cat /var/log/systemctl; : >/var/log/systemctl');
  const version = (): Promise<string> => machine.must('snap-store-proxy --version');

  it('gets a unit for the store, and one that starts it when the registration is taken in', async () => {
    await carry(await writeSmallBundle(bundles, { version: '1.0.0' }));
    expect(await machine.must(INSTALL)).toContain('starts when the registration is taken in');
    const asked = await calls();
    expect(asked).toContain('enable snap-store-proxy.service');
    expect(asked).toContain('enable --now snap-store-proxy-registered.path');
    expect(asked).not.toContain('restart');
    const units = await machine.must('cat /etc/systemd/system/snap-store-proxy*');
    expect(units).not.toMatch(/@[A-Z]+@/);
    expect(units).toContain(
      'ExecStart=/opt/snap-store-proxy/current/bin/snap-store-proxy --data-dir /var/lib/snap-store-proxy serve',
    );
    expect(units).toContain('ReadWritePaths=/var/lib/snap-store-proxy');
    expect(units).toContain('User=snap-store-proxy');
    expect(units).toContain('PathChanged=/var/lib/snap-store-proxy/registration/taken-in');
  });

  it('restarts a store that ran, and goes back to the old version where the new one does not stay up', async () => {
    await carry(await writeSmallBundle(bundles, { version: '1.0.0' }));
    await machine.must(INSTALL);
    await machine.must('touch /run/active');
    await carry(await writeSmallBundle(bundles, { version: '2.0.0' }));
    await machine.must(INSTALL);
    expect(await version()).toBe('2.0.0\n');
    await carry(await writeSmallBundle(bundles, { version: '3.0.0' }));
    await machine.must('echo 3.0.0 >/run/broken');
    const { exitCode, output } = await machine.type(INSTALL);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/3\.0\.0 does not start .* versions\/2\.0\.0-\S+ runs again/);
    expect(await version()).toBe('2.0.0\n');
    expect(await calls()).toMatch(/restart snap-store-proxy\.service\nrestart snap-store-proxy\.service\n$/);
  });

  it('is rid of both units when the store is removed', async () => {
    await carry(await writeSmallBundle(bundles, { version: '1.0.0' }));
    await machine.must(INSTALL);
    await machine.must('mkdir /etc/systemd/system/snap-store-proxy.service.d');
    await machine.must('/opt/snap-store-proxy/current/install.sh --uninstall');
    expect(await calls()).toContain('disable --now snap-store-proxy-registered.path snap-store-proxy.service');
    expect(await machine.must('ls /etc/systemd/system | grep snap-store-proxy || true')).toBe('');
  });

  it('needs root', async () => {
    await carry(await writeSmallBundle(bundles, { version: '1.0.0' }));
    await machine.must('chmod -R go+rX /opt/carried');
    const asNobody = await machine.type(
      'cd /opt/carried && tar xzf offline-snap-store.tar.gz && setpriv --reuid=65534 --clear-groups sh offline-snap-store/install.sh',
    );
    expect(asNobody.exitCode).toBe(1);
    expect(asNobody.output).toContain('this needs root');
  });
});
