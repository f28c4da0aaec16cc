import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PROGRAM, Scene, until } from './scene.js';

const PASSWORD = 'correct horse';

/** A mount that nobody else sees: only root can make one, and not in every container. */
function mayMount(): boolean {
  return process.geteuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
}

describe('air-gapped mode, by the command line', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterAll(() => scene.close());

  const enable = (...args: string[]) => scene.run(['enable-airgap-mode', ...args]);

  it('is refused until there are keys and a registration, each named with its command', async () => {
    const { exitCode, stdout, stderr } = await enable('--password', PASSWORD);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/Missing: keys \(.*generate-keys.*\); registration \(.*register --from-bundle/);
    expect(stderr).toContain('(airgap-not-ready)');
    // Nobody is asked for a password in vain.
    expect((await scene.run(['enable-airgap-mode'])).stderr).toContain('(airgap-not-ready)');
    await scene.must('config', 'proxy.domain=127.0.0.1');
    await scene.must('generate-keys');
    await scene.must('register', '--self-issued');
  });

  it('is refused without a database', async () => {
    const untouched = await Scene.untouched();
    try {
      const { exitCode, stderr } = await untouched.run(['enable-airgap-mode', '--password', PASSWORD]);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/Missing: database \(.*config proxy\.db\.connection=URI/);
    } finally {
      await untouched.close();
    }
  });

  it('leaves the embedded database to be started, and nothing else', async () => {
    const embedded = await Scene.untouched();
    try {
      await embedded.must('config', 'proxy.domain=127.0.0.1');
      await embedded.must('generate-keys');
      await embedded.must('register', '--self-issued');
      await embedded.must('enable-airgap-mode', '--password', PASSWORD);
      expect(await embedded.json('status')).toMatchObject({
        isAirGapped: true,
        storeDb: { state: 'ok' },
        policyViolations: { count: 0 },
      });
    } finally {
      await embedded.close();
    }
  });

  it('needs a password, from where it is not seen', async () => {
    const none = await enable();
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/in PROXY_ACCESS_PASSWORD, or as the first line of standard input \(input-needed\)/);
    const short = await scene.run(['enable-airgap-mode'], { stdin: 'short\n' });
    expect(short.exitCode).toBe(2);
    expect(short.stderr).toMatch(/at least 8 characters \(password-unusable\)/);
    expect(await scene.json('status')).toMatchObject({ isAirGapped: false, policyViolations: null });
  });

  it('is not left before it is entered, and not by a slip of the finger', async () => {
    const slip = await scene.run(['disable-airgap-mode']);
    expect(slip.exitCode).toBe(2);
    expect(slip.stderr).toContain('hint: say --yes-this-store-may-go-online');
    const early = await scene.run(['disable-airgap-mode', '--yes-this-store-may-go-online']);
    expect([early.exitCode, early.stderr]).toEqual([
      1,
      'error: the store is not in air-gapped mode (airgap-already-off)\n',
    ]);
  });

  it('is entered while the store runs, which takes it over at once, and said by status in all formats', async () => {
    const server = await scene.startServer();
    const { exitCode, stdout, stderr } = await scene.run(['enable-airgap-mode'], { stdin: `${PASSWORD}\nignored\n` });
    expect([exitCode, stdout]).toEqual([0, 'The store is in air-gapped mode now\n']);
    expect(stderr).toContain('note: warning: HTTPS is off: "snap-store-proxy import-certificate" turns it on\n');
    expect(stderr).not.toContain(PASSWORD);
    await until(() => server.output.stderr.includes('"airGapped":true'));
    expect(JSON.parse(await readFile(join(scene.dataDir, 'airgap.json'), 'utf8'))).toMatchObject({ airGapped: true });

    const text = await scene.must('status');
    expect(text.split('\n')).toEqual([
      'Store URL: http://127.0.0.1' + (await portSuffix()),
      'Store DB: ok',
      'Store is in air-gapped mode',
      'Store ID: not registered (self-issued)',
      'Snaps: 0 (0 revisions, 0 B)',
      'Internal Service Status:',
      '  catalog: running',
      '  database: running',
      '  https: off (no certificate, import-certificate sets one)',
      '  import-watch: off (proxy.import.watch is not set)',
      '  policy-violations: none',
      '',
    ]);
    const json: unknown = await scene.json('status');
    expect(json).toEqual(parse(await scene.must('status', '--format', 'yaml')));
    expect(json).toMatchObject({
      isAirGapped: true,
      registration: 'self-issued',
      storeId: null,
      policyViolations: { count: 0, last: null },
    });

    await scene.must('disable-airgap-mode', '--yes-this-store-may-go-online');
    await until(() => server.output.stderr.includes('"airGapped":false'));
    server.child.kill('SIGINT');
    expect(await server.ended).toBe(0);
  });

  async function portSuffix(): Promise<string> {
    return `:${(await scene.must('config', 'proxy.port.http')).trim()}`;
  }

  it('a second time says so, and takes another password only where it is told to', async () => {
    const first = await enable('--password', PASSWORD);
    expect(first.exitCode).toBe(0);
    expect(first.stderr.match(/others on this machine can see/g)).toHaveLength(1);
    const again = await enable();
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toMatch(/^The store is in air-gapped mode already, since .*Z; nothing was changed\n$/);
    expect((await enable('--password', PASSWORD)).stdout).toContain('nothing was changed');
    const other = await enable('--password', 'another password');
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(/\(airgap-already-on\)\nhint: --change-password/);
    const env = { PROXY_ACCESS_PASSWORD: 'another password' };
    const changed = await scene.run(['enable-airgap-mode', '--change-password', '--format', 'json'], { env });
    expect(JSON.parse(changed.stdout)).toMatchObject({ airGapped: true, outcome: 'password-changed' });
    expect(changed.stderr).not.toContain('can see');
  });

  it('contacts nobody outside, and says so', async () => {
    await scene.must('config', 'proxy.dashboard.location=https://authority.example/');
    const connections = await scene.must('check-connections');
    expect(connections.split('\n').slice(2)).toEqual([
      'proxy.upstream: https://api.snapcraft.io: not contacted (air-gapped)',
      'proxy.dashboard.location: https://authority.example/: not contacted (air-gapped)',
      'All connections appear to be accessible',
      '',
    ]);
    await scene.must('config', 'proxy.sso.location=https://authority.example/');
    const env = { SNAPSTORE_EMAIL: 'me@example', SNAPSTORE_PASSWORD: 'secret' };
    const { exitCode, stderr } = await scene.run(['register', '--offline', '--skip-questions'], { env });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('the store is in air-gapped mode (air-gapped)');
  });

  it('fetches no snaps', async () => {
    const { exitCode, stderr } = await scene.run(['fetch-snaps', 'jq']);
    expect(exitCode).toBe(4);
    expect(stderr).toBe('error: fetching snaps is not possible here: the store is in air-gapped mode (air-gapped)\n');
  });

  it('tries the servers that are set where it is off', async () => {
    await scene.must('disable-airgap-mode', '--yes-this-store-may-go-online');
    const server = await scene.startServer();
    await scene.must('config', `proxy.dashboard.location=${server.url}/`, 'proxy.sso.location=http://127.0.0.1:1/');
    const { exitCode, stdout } = await scene.run(['check-connections']);
    server.child.kill('SIGINT');
    await server.ended;
    expect(exitCode).toBe(5);
    expect(stdout).toContain(`\nproxy.dashboard.location: ${server.url}/: OK\n`);
    expect(stdout).toMatch(/\nproxy\.sso\.location: http:\/\/127\.0\.0\.1:1\/: FAILED \(.*\)\n/);
    expect(stdout).not.toContain('proxy.upstream');
    expect(stdout).toMatch(/\nNot all connections are accessible\n$/);
  });

  it.runIf(mayMount())('fences the service in by the kernel where systemd runs it, and lets it go again', async () => {
    const folder = '/etc/systemd/system';
    const dropIn = `${folder}/snap-store-proxy.service.d/airgap.conf`;
    const store = `"${process.execPath}" "${PROGRAM}" --data-dir "${scene.dataDir}"`;
    const script = `mkdir -p ${folder} && mount -t tmpfs none ${folder} && touch ${folder}/snap-store-proxy.service
      ${store} config proxy.policy.device-networks=10.1.0.0/16,fd00::/8
      ${store} enable-airgap-mode --password '${PASSWORD}' --change-password; cat ${dropIn}; echo ---
      ${store} disable-airgap-mode --yes-this-store-may-go-online; cat ${dropIn}`;
    const { stdout, stderr } = await promisify(execFile)('unshare', ['-m', 'sh', '-c', script]);
    expect(stderr).toContain(
      `note: ${dropIn} fences the service in; apply it with: systemctl daemon-reload && systemctl`,
    );
    const [fenced = '', free = ''] = stdout.split('---\n');
    expect(fenced.split('\n').filter((line) => /^\[|^IP/.test(line))).toEqual([
      '[Service]',
      'IPAddressDeny=any',
      'IPAddressAllow=localhost',
      'IPAddressAllow=10.1.0.0/16',
      'IPAddressAllow=fd00::/8',
    ]);
    expect(free).toMatch(/# The store is not in air-gapped mode\.\n$/);
    const wrong = await scene.run(['config', 'proxy.policy.device-networks=10.1.0.0/33']);
    expect(wrong.exitCode).toBe(2);
  });

  it('is no setting, and stays out of an exported configuration while it is off', async () => {
    const { exitCode, stderr } = await scene.run(['config', 'proxy.airgap=true']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('enable-airgap-mode');
    expect(await scene.must('config', '--export-yaml')).not.toContain('airgap');
    const override = await scene.run(['status', '--format', 'json'], { env: { PROXY_AIRGAP: 'true' } });
    expect(JSON.parse(override.stdout)).toMatchObject({ isAirGapped: false });
  });
});

describe('the rules for what may enter, by the command line', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });
  afterAll(() => scene.close());

  it('are set, shown, listed, tried out and kept to', async () => {
    expect(await scene.must('policy', 'show')).toBe('# No rules are set: whatever is verified may enter.\n');
    const jq = await scene.pair('jq', 6);
    const yq = await scene.pair('yq', 1);
    const draft = await scene.write('draft.yaml', 'format: 1\nsnaps: { deny: [jq] }\nsize: { max: 1GiB }\n');
    const tried = await scene.run(['policy', 'test', '--document', draft, jq, yq]);
    expect(tried.exitCode).toBe(4);
    expect(tried.stdout).toMatch(
      /^REFUSED .*jq_6\.snap: the policy keeps out revision 6 of jq \(snaps\.deny: it names jq\) \(policy-refused\)\nOK .*yq_1\.snap\n$/,
    );
    expect(await scene.must('policy', 'test', jq)).toBe(`OK ${jq}\n`);

    expect(await scene.must('policy', 'set', draft)).toBe('version 1 of the policy is in force\n');
    expect(await scene.must('policy', 'set', draft)).toBe('version 1 of the policy says the same already\n');
    const shown = await scene.must('policy', 'show');
    expect(shown).toMatch(/^# version 1, set .*Z by \S+/);
    const copy = await scene.write('copy.yaml', shown);
    expect(await scene.must('policy', 'set', copy)).toBe('version 1 of the policy says the same already\n');
    const pushed = await scene.run(['push-snap', jq, yq]);
    expect(pushed.exitCode).toBe(4);
    expect(pushed.stderr).toMatch(
      /version 1 of the policy keeps out revision 6 of jq .*\(policy-refused\)\nhint: .*policy show/,
    );
    expect(await scene.json('list-pushed-snaps')).toMatchObject({ snaps: [{ name: 'yq' }] });

    await scene.must('policy', 'set', await scene.write('open.json', '{"format":1}'));
    await scene.must('push-snap', jq);
    expect(await scene.json('policy', 'history')).toMatchObject({ versions: [{ version: 2 }, { version: 1 }] });
    expect(await scene.must('policy', 'show', '1')).toContain('deny');
    expect((await scene.run(['policy', 'show', '3'])).stderr).toBe(
      'error: there is no version 3 of the policy (policy-version-unknown)\n',
    );
    const wrong = await scene.run(['policy', 'set', await scene.write('wrong.yaml', 'format: 1\nsnap: {}')]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('has "snap", and knows: publishers, snaps');
  }, 300_000);
});
