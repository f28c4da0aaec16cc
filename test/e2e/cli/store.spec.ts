import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { testSnapId } from '../../support/test-authority.js';
import { Scene } from './scene.js';

describe('a store, by its command line', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open('here');
  });

  afterAll(() => scene.close());

  describe('while it is empty', () => {
    it('says so, each command in its own way', async () => {
      expect(await scene.must('list-pushed-snaps')).toMatch(/^Name {2}Stores/);
      expect(await scene.json('list-pushed-snaps')).toEqual({ snaps: [] });
      expect(await scene.json('assertions', 'list')).toEqual({ assertions: [] });
      expect(await scene.json('verify-store')).toMatchObject({ isSound: true, files: { checked: 0 } });
    });

    it('knows no snap to say anything about', async () => {
      for (const args of [
        ['list-revisions', 'jq'],
        ['channel-map', 'jq'],
        ['release', 'jq', '1', 'stable'],
        ['close', 'jq', 'stable'],
        ['remove-snap', 'jq'],
      ]) {
        const { exitCode, stdout, stderr } = await scene.run(args);
        expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 1, stdout: '' });
        expect(stderr).toBe('error: this store holds no snap "jq" (snap-not-held)\n');
      }
    });
  });

  describe('push-snap', () => {
    it('verifies without changing anything on a dry run', async () => {
      const { exitCode, stdout } = await scene.run(['push-snap', '--dry-run', await scene.pair('jq', 6)]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^\[snap jq\] Would upload snap blob and assertions for jq revision 6$/m);
      expect(stdout).not.toContain('successfully');
      expect(await scene.json('list-pushed-snaps')).toEqual({ snaps: [] });
    });

    it("reports in the words that operators' scripts know", async () => {
      const { exitCode, stdout, stderr } = await scene.run(['push-snap', await scene.pair('jq', 6)]);
      expect(exitCode).toBe(0);
      const [recorded, ...rest] = stdout.trimEnd().split('\n').reverse();
      expect(recorded).toMatch(/^jq_6\.snap: recorded as import 1, whose report has the SHA3-384 digest [0-9a-f]{96}$/);
      expect(rest.reverse()).toEqual([
        '[snap jq] Uploaded snap blob and assertions for jq revision 6',
        '[snap jq] latest/stable amd64: none -> 6',
        '[snap jq] Channelmaps were successfully updated.',
        'jq_6.snap: new: 1 snap, 1 revision, 3 assertions; 1 channel moved; not signed',
      ]);
      // No terminal: one line a step, on stderr, or nothing at all.
      expect(stderr).toMatch(/^.*jq_6\.snap: reading/);
      const quiet = await scene.run(['push-snap', '--quiet', await scene.pair('jq', 6)]);
      expect(quiet).toMatchObject({ exitCode: 0, stderr: '' });
      expect(quiet.stdout).toMatch(/jq_6\.snap: already imported/);
    });

    it('answers machines with one document, and tells its steps as events beside it', async () => {
      const { exitCode, stdout, stderr } = await scene.run([
        'push-snap',
        '--format',
        'json',
        '--channel',
        'edge',
        await scene.pair('jq', 7),
      ]);
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        files: [
          {
            report: {
              alreadyImported: false,
              revisions: [{ name: 'jq', revision: 7, outcome: 'added' }],
              releases: [{ channel: 'latest/edge', from: null, to: 7, outcome: 'moved' }],
            },
          },
        ],
      });
      const events = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
      expect(events[0]).toMatchObject({ progress: { unit: 'bytes' } });
    });

    it('lets in what is right beside what is not, and ends with what was wrong', async () => {
      const good = await scene.pair('core22', 1, {}, 'mixed');
      const damaged = await scene.pair('bad', 1, {}, 'mixed');
      await writeFile(damaged, Buffer.concat([scene.signed('bad', 1).content.subarray(0, -1), Buffer.from([1])]));
      const { exitCode, stdout, stderr } = await scene.run(['push-snap', damaged, good, '--format', 'json']);
      expect(exitCode).toBe(3);
      const { files } = JSON.parse(stdout) as { files: { error?: { code: string }; report?: object }[] };
      expect(files.map((file) => file.error?.code ?? 'imported')).toEqual(['snap-refused', 'imported']);
      expect(stderr).toContain('{"error":{"code":"snap-refused","message":');
      expect(await scene.json('list-pushed-snaps')).toMatchObject({ snaps: [{ name: 'core22' }, { name: 'jq' }] });
    });

    it.each([
      [['push-snap', '/no/such/file'], 1, 'bundle-unreadable'],
      [['push-snap', '/etc/hostname'], 1, 'not-a-bundle'],
      [['push-snap', '--channel', 'no/such/channel', 'x.snap'], 2, 'invalid-channel'],
      [['push-snap', '--channel', 'edge', '--push-channel-map', 'x.snap'], 2, 'usage'],
      [['push-snap'], 2, 'usage'],
    ])('refuses %j', async (args, exitCode, code) => {
      const outcome = await scene.run(args);
      expect(outcome).toMatchObject({ exitCode, stdout: '' });
      expect(outcome.stderr).toMatch(new RegExp(`^error: .* \\(${code}\\)$`, 'm'));
    });

    it('refuses a snap without its assertions as something that cannot be verified', async () => {
      const path = await scene.pair('lonely', 1, {}, 'lonely');
      await rm(path.replace(/snap$/, 'assert'));
      expect(await scene.run(['push-snap', path])).toMatchObject({ exitCode: 3, stdout: '' });
    });

    it('takes a whole folder, and names what it does not take', async () => {
      await scene.pair('one', 1, {}, 'folder');
      await scene.pair('two', 1, {}, 'folder');
      await scene.write('folder/notes.txt', 'hello');
      const { exitCode, stdout, stderr } = await scene.run(['push-snap', join(scene.folder, 'folder')]);
      expect(exitCode).toBe(0);
      expect(stdout.match(/Uploaded snap blob/g)).toHaveLength(2);
      expect(stderr).toMatch(/^note: .*notes\.txt is neither a bundle nor a snap; not imported$/m);
    });
  });

  describe('imports', () => {
    it('are on record, failed ones too, with a report to print whose digest anybody can check', async () => {
      const { imports } = (await scene.json('imports', 'list')) as { imports: { number: number; state: string }[] };
      expect(imports.map(({ number }) => number)).toEqual(imports.map((_, index) => imports.length - index));
      expect(imports.map(({ state }) => state)).toContain('failed');
      const page = await scene.must('imports', 'show', '1');
      expect(page).toMatch(/^Report of import 1\n\nFile: +jq_6\.snap\nOutcome: +imported\n/);
      expect(page).toMatch(/^ {2}3 assertions, each up to a trusted root: 1 account, 1 snap-declaration, 1 snap-rev/m);
      expect(page).toMatch(/^ {4}latest\/stable amd64: none -> 6$/m);
      const raw = await scene.must('imports', 'show', '1', '--raw');
      const digest = createHash('sha3-384').update(raw).digest('hex');
      expect(page).toContain(`The SHA3-384 digest of this report is ${digest}\n`);
      const other = await scene.run(['imports', 'verify', '1', '--digest', 'ab'.repeat(48)]);
      expect(other).toMatchObject({ exitCode: 3 });
      expect(await scene.must('imports', 'verify')).toMatch(/^\d+ reports, each as it was recorded; import \d+ has /);
    });
  });

  describe('what is held', () => {
    it('is listed with the two columns first that scripts know', async () => {
      const lines = (await scene.must('list-pushed-snaps')).trimEnd().split('\n');
      expect(lines[0]?.split(/\s+/).slice(0, 2)).toEqual(['Name', 'Stores']);
      expect(lines.slice(1).map((line) => line.split(/\s+/).slice(0, 3))).toEqual([
        ['core22', 'ubuntu', '1'],
        ['jq', 'ubuntu', '7,6'],
        ['one', 'ubuntu', '1'],
        ['two', 'ubuntu', '1'],
      ]);
      expect(parse(await scene.must('list-pushed-snaps', '--format', 'yaml'))).toMatchObject({
        snaps: [{ name: 'core22' }, { name: 'jq', revisions: [7, 6] }, {}, {}],
      });
    });

    it('is listed by revision and by channel', async () => {
      const revisions = (await scene.must('list-revisions', 'jq')).trimEnd().split('\n');
      expect(revisions.slice(1).map((line) => line.split(/\s+/).slice(0, 3))).toEqual([
        ['7', '7.0', 'amd64'],
        ['6', '6.0', 'amd64'],
      ]);
      expect(await scene.json('channel-map', 'jq')).toMatchObject({
        name: 'jq',
        channels: [
          { channel: 'latest/stable', architecture: 'amd64', revision: 6 },
          { channel: 'latest/edge', architecture: 'amd64', revision: 7 },
        ],
      });
      expect(await scene.must('channel-map', 'jq')).toMatch(/^latest\/stable +amd64 +6 +6\.0 /m);
    });

    it('moves between channels by hand', async () => {
      expect(await scene.must('release', 'jq', '7', 'candidate')).toBe('jq latest/candidate amd64: none -> 7\n');
      expect(await scene.must('release', 'jq', '7', 'candidate')).toBe('jq latest/candidate amd64 is 7 already\n');
      expect(await scene.must('close', 'jq', 'candidate')).toBe('jq latest/candidate amd64: 7 -> closed\n');
      const history = (await scene.must('channel-map', 'jq', '--history')).trimEnd().split('\n');
      expect(history.slice(1).map((line) => line.replace(/^\S+ +/, '').replace(/ +/g, ' '))).toEqual([
        'latest/candidate amd64 7 closed hand -',
        'latest/candidate amd64 none 7 hand -',
        'latest/edge amd64 none 7 hand 3',
        'latest/stable amd64 none 6 import 1',
      ]);
      expect((await scene.run(['close', 'jq', 'candidate'])).stderr).toContain('(channel-not-open)');
      expect((await scene.run(['release', 'jq', '99', 'edge'])).stderr).toContain('(revision-not-held)');
      expect(await scene.run(['release', 'jq', '0', 'edge'])).toMatchObject({ exitCode: 2 });
      expect(await scene.run(['release', 'jq', '7', 'edge/a/b/c'])).toMatchObject({ exitCode: 2 });
    });
  });

  describe('remove-snap', () => {
    it('refuses what something held still needs, and says what that is', async () => {
      const refused = await scene.run(['remove-snap', 'core22']);
      expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
      expect(refused.stderr).toMatch(/jq \(.*\(snap-still-needed\)/);
      expect(refused.stderr).toMatch(/^hint: .*--force/m);
    });

    it('says what would go, and then removes it, files included', async () => {
      const rehearsal = await scene.must('remove-snap', 'jq', '--revision', '7', '--dry-run');
      expect(rehearsal).toMatch(/^would remove jq: revision 7\nwould close latest\/edge amd64\n/);
      expect((await scene.run(['remove-snap', 'jq', '--revision', '7'])).stderr).toContain('(snap-still-needed)');
      await scene.must('close', 'jq', 'edge');
      expect(await scene.json('remove-snap', 'jq', '--revision', '7')).toMatchObject({
        dryRun: false,
        freedBytes: 16_384,
        revisions: [{ revision: 7 }],
      });
      expect(await scene.json('verify-store')).toMatchObject({ isSound: true, files: { orphaned: [] } });
      expect(await scene.must('remove-snap', 'two', '--force')).toMatch(/^removed two, all of it: revision 1\n/);
      expect(await scene.json('gc')).toEqual({ dryRun: false, blobs: [], freedBytes: 0, stagings: [] });
    });
  });

  describe('gc and verify-store', () => {
    it('find files that nothing needs, which does not make the store unsound, and remove them', async () => {
      const digest = 'ab'.repeat(48);
      const folder = join(scene.dataDir, 'blobs', 'ab');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, digest), 'orphan');
      const verified = await scene.run(['verify-store']);
      expect(verified.exitCode).toBe(0);
      expect(verified.stdout).toContain(`orphan ${digest}: nothing needs this file`);
      expect(await scene.must('gc', '--dry-run')).toBe(
        `${digest}  6 B\nwould remove 1 file and 0 unfinished imports, 6 B\n`,
      );
      expect(await scene.must('verify-store', '--repair')).toContain('removed 1 orphaned file, 6 B');
      expect(await readdir(folder)).toEqual([]);
    });

    it('find every byte that is wrong, and what is whole again', async () => {
      const { revisions } = (await scene.json('list-revisions', 'one')) as { revisions: { sha3_384: string }[] };
      const digest = revisions[0]!.sha3_384;
      const path = join(scene.dataDir, 'blobs', digest.slice(0, 2), digest);
      const { content } = scene.signed('one', 1);
      await writeFile(path, Buffer.concat([content.subarray(0, -1), Buffer.from([1])]));
      const damaged = await scene.run(['verify-store']);
      expect(damaged.exitCode).toBe(3);
      expect(damaged.stdout).toContain(`WRONG file ${digest} is damaged`);
      expect(damaged.stdout).toMatch(/the store is not sound\n$/);
      await rm(path);
      const missing = await scene.run(['verify-store', '--format', 'json']);
      expect(missing.exitCode).toBe(3);
      expect(JSON.parse(missing.stdout)).toMatchObject({ isSound: false, files: { missing: [digest] } });
      // Mended by an operator: the file is put back as it was.
      await writeFile(path, content);
      expect(await scene.json('verify-store', '--repair')).toMatchObject({
        isSound: true,
        files: { recovered: [digest] },
        repaired: { recovered: 1 },
      });
      expect(await scene.json('verify-store')).toMatchObject({ isSound: true, files: { recovered: [] } });
    });
  });

  describe('assertions', () => {
    it('are pushed, listed and shown byte for byte', async () => {
      const publisher = scene.authority.publisher('anotherone');
      const file = await scene.write('account.assert', encodeAssertionStream([publisher]));
      expect(await scene.must('push-account-keys', file)).toBe('account/anotherone: added\n');
      expect(await scene.json('assertions', 'push', file)).toMatchObject({ unchanged: 1, added: 0 });
      expect(await scene.must('assertions', 'show', 'account', 'anotherone')).toBe(publisher.encoded.toString('utf8'));
      expect(await scene.must('assertions', 'list', '--type', 'snap-declaration')).toContain(`16/${testSnapId('jq')}`);
    });

    it('are refused all together when one of them is', async () => {
      const stranger = await scene.write(
        'stranger.assert',
        encodeAssertionStream([
          scene.authority.publisher('yetanother'),
          scene.authority.sign('account', {
            'authority-id': 'somebody',
            'account-id': 'x',
            'display-name': 'x',
            validation: 'unproven',
          }),
        ]),
      );
      const refused = await scene.run(['assertions', 'push', stranger]);
      expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
      expect(refused.stderr).toMatch(/\(assertion-refused\)\n$/);
      const { exitCode, stderr } = await scene.run(['assertions', 'show', 'account', 'yetanother']);
      expect(exitCode).toBe(1);
      expect(stderr).toBe('error: this store holds no account/yetanother (assertion-not-held)\n');
    });

    it('have types and keys that are typed right or refused as wrong usage', async () => {
      expect(await scene.run(['assertions', 'show', 'acount', 'x'])).toMatchObject({ exitCode: 2 });
      expect(await scene.run(['assertions', 'show', 'account', 'x', 'y'])).toMatchObject({ exitCode: 2 });
      expect(await scene.run(['assertions', 'list', '--type', 'nothing'])).toMatchObject({ exitCode: 2 });
    });
  });

  describe('extra roots', () => {
    it('are looked into before they are trusted', async () => {
      const before = await scene.must('config', 'proxy.trust.extra-roots');
      const [account, key] = scene.authority.roots;
      const half = await scene.write('half.assert', encodeAssertionStream([account!]));
      const whole = await scene.write('whole.assert', encodeAssertionStream([key!, account!]));
      const text = await scene.write('text.assert', 'no assertion\n');
      expect((await scene.run(['config', `proxy.trust.extra-roots=${half}`])).stderr).toMatch(
        /no root \(assertion-refused\)$/m,
      );
      expect((await scene.run(['config', `proxy.trust.extra-roots=${text}`])).stderr).toMatch(
        /text\.assert.*\(assertion-file\)$/m,
      );
      expect((await scene.run(['config', 'proxy.trust.extra-roots=roots.assert'])).stderr).toContain(
        '(invalid-setting)',
      );
      expect(await scene.must('config', 'proxy.trust.extra-roots')).toBe(before);
      expect(await scene.must('config', `proxy.trust.extra-roots=${whole}`)).toContain(whole);
      await scene.must('config', `proxy.trust.extra-roots=${before.trim()}`);
    });
  });

  describe('signers', () => {
    it('are added, listed and removed', async () => {
      // One id in 64 looks like an option.
      const id = '-jDsFVNEnaC1bpFLCnimhenxIz55b9plPCcfxbut-x3xku22PX7lhu0yOyxkrmyZ';
      const pem = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAqyoFfcN3F4PcwZSEm2EQBwq+ZCOvVNkBgqvaJh8Oy2I=
-----END PUBLIC KEY-----
`;
      const file = await scene.write('laptop.pem', pem);
      expect(await scene.json('signers', 'add', file, '--name', 'laptop')).toEqual({ id, wasKnown: false });
      expect(await scene.must('signers', 'add', file)).toBe(`${id} was known already\n`);
      expect(await scene.must('signers', 'list')).toMatch(new RegExp(`^${id} +laptop +20`, 'm'));
      await scene.must('signers', 'remove', id);
      expect(await scene.json('signers', 'list')).toEqual({ signers: [] });
      expect(await scene.run(['signers', 'remove', id])).toMatchObject({ exitCode: 1 });
      expect((await scene.run(['signers', 'add', '/etc/hostname'])).stderr).toContain('(signer-key-invalid)');
    });
  });

  describe('diagnosis', () => {
    it('has a status of which the first lines keep their wording', async () => {
      await scene.must('config', 'proxy.domain=snaps.internal', 'proxy.port.http=80');
      const { exitCode, stdout } = await scene.run(['status']);
      expect(exitCode).toBe(0);
      expect(stdout).toBe(
        [
          'Store URL: http://snaps.internal',
          'Store DB: ok',
          'Store ID: not registered',
          'Snaps: 3 (3 revisions, 48.0 KiB)',
          'Internal Service Status:',
          '  catalog: not running',
          '  database: running',
          '  https: off (no certificate, import-certificate sets one)',
          '  import-watch: off (proxy.import.watch is not set)',
          '',
        ].join('\n'),
      );
      // Charms read it as YAML.
      expect(parse(stdout)).toMatchObject({ 'Store DB': 'ok', 'Internal Service Status': { catalog: 'not running' } });
      expect(await scene.json('status')).toMatchObject({
        storeUrl: 'http://snaps.internal',
        storeDb: { state: 'ok' },
        isAirGapped: false,
        storeId: null,
        holdings: { snaps: 3, revisions: 3, sizeBytes: 3 * 16_384 },
      });
      await scene.must('config', 'proxy.public-url=https://front.internal/base/');
      expect(await scene.must('status')).toMatch(/^Store URL: https:\/\/front\.internal\/base\n/);
    });

    it('has a doctor that finds nothing, and then what is wrong', async () => {
      const well = await scene.run(['doctor', '--format', 'json']);
      const { checks } = JSON.parse(well.stdout) as { checks: { name: string; state: string }[] };
      expect(checks.map(({ name }) => name)).toEqual([
        'node',
        'data-folder',
        'disk-space',
        'settings',
        'database',
        'database-version',
        'clock',
        'search',
        'https',
        'sealing-key',
        'sealed-secrets',
        'keys',
        'deltas',
        'hsm',
        'files',
        'trusted-roots',
        'import-watch',
        'port',
      ]);
      expect(checks.filter(({ state }) => state === 'failed').filter(({ name }) => name !== 'port')).toEqual([]);
      await rm(join(scene.folder, 'roots.assert'));
      await chmod(scene.dataDir, 0o777);
      const ill = await scene.run(['doctor']);
      await chmod(scene.dataDir, 0o755);
      await scene.write('roots.assert', scene.authority.rootStream);
      expect(ill.exitCode).toBe(1);
      expect(ill.stdout).toMatch(/^FAILED data-folder: .* can be written to by everybody/m);
      expect(ill.stdout).toMatch(/^FAILED trusted-roots: .*roots\.assert/m);
    });

    it('checks connections and never shows a password', async () => {
      const { exitCode, stdout } = await scene.run(['check-connections']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^database: postgresql:\/\/.*: OK$/m);
      expect(stdout).toMatch(/^storage: .*blobs: OK$/m);
      expect(stdout).toMatch(/\nAll connections appear to be accessible\n$/);
    });
  });
});
