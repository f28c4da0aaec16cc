import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../../src/formats/assertion/index.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../support/online-store.js';
import { testSnapId } from '../../support/test-authority.js';
import { Scene } from '../cli/scene.js';

const KiB = 1024;

const provider = (name: string): string =>
  `  from-${name}:\n    interface: content\n    target: $SNAP/${name}\n    default-provider: ${name}`;

/** The connected side, which asks an online store on this machine, and the other side of the gap, which has no way to it. */
describe('fetch-snaps, by the command line', () => {
  let connected: Scene;
  let other: Scene;
  let online: EmulatedOnlineStore;

  beforeAll(async () => {
    [connected, other] = [await Scene.open(), await Scene.open()];
    online = await startOnlineStore({ authority: connected.authority });
    await connected.must('config', `proxy.upstream=${online.url}`);
    await other.must('config', `proxy.trust.extra-roots=${join(connected.folder, 'roots.assert')}`);
    await online.publish({ name: 'snapd', revision: 9, type: 'snapd' });
    await online.publish({ name: 'core20', revision: 20, type: 'base' });
    await online.publish({ name: 'core22', revision: 22, type: 'base' });
    await online.publish({ name: 'icons', revision: 41 });
    await online.publish({ name: 'themes', revision: 31, base: 'core20', components: [{ name: 'dark', revision: 2 }] });
    await online.publish({ name: 'jq', revision: 6, moreYaml: `plugs:\n${provider('icons')}\n${provider('themes')}` });
  });

  afterAll(async () => {
    await online.close();
    await connected.close();
    await other.close();
  });

  /** Its one file. */
  async function fetched(folder: string, ...args: readonly string[]): Promise<string> {
    await connected.must('fetch-snaps', ...args, '--export-dir', join(connected.folder, folder));
    const files = await readdir(join(connected.folder, folder));
    expect(files).toHaveLength(1);
    return join(connected.folder, folder, files[0] ?? '');
  }

  it('shows what would come and why, and downloads nothing', async () => {
    const text = await connected.must('fetch-snaps', 'jq', '--channel=stable', '--architecture=amd64', '--dry-run');
    expect(text).toContain(
      'jq: 6 snaps, 96.0 KiB\n  jq: requested\n    jq 6: 6.0, amd64, 16.0 KiB, latest/stable amd64\n',
    );
    expect(text).toContain('  jq needs core22: base\n');
    expect(text).toContain('  jq needs icons: default-provider\n');
    expect(text).toContain('  themes needs core20: base\n');
    expect(text).toContain('  jq needs snapd: snapd\n');
    expect(online.requestsOf('/api/v1/snaps/download/')).toEqual([]);
  });

  it('says all that the store does not have, and writes nothing', async () => {
    const { exitCode, stdout, stderr } = await connected.run([
      'fetch-snaps',
      'jq',
      'nosuch',
      'jq+nosuch',
      '--arch',
      'amd64',
    ]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^error: .*nosuch for amd64.* is not to be had: .*revision 6 of jq has no component "nosuch" \(not-offered\)$/m,
    );
    expect((await readdir(connected.folder)).filter((name) => name.endsWith('.tar.gz'))).toEqual([]);
  });

  it('writes one file from which the other side has everything, and later one with the changes only', async () => {
    const first = await fetched('first', 'jq', '--arch', 'amd64');
    expect(basename(first)).toMatch(/^jq-\d{8}T\d{6}\.tar\.gz$/);
    const pushed = await other.must('push-snap', first);
    for (const name of ['core20', 'core22', 'icons', 'jq', 'snapd', 'themes'])
      expect(pushed).toContain(`[snap ${name}] Uploaded`);

    await online.publish({ name: 'icons', revision: 42, sizeBytes: 300 * KiB });
    const second = await fetched('second', 'jq', '--arch', 'amd64', '--since', first);
    expect((await stat(second)).size).toBeLessThan((300 + 256) * KiB);
    const report = await other.must('push-snap', second);
    expect(report).toContain('icons revision 42');
    expect(report).not.toContain('core22');

    const nothing = await connected.run(['fetch-snaps', 'jq', '--arch', 'amd64', '--since', first, second]);
    expect(nothing).toMatchObject({ exitCode: 0, stdout: 'nothing to fetch\n' });
    expect(nothing.stderr).toContain('note: jq: the other side has all of it');
  });

  it('brings what a model and a validation set name, and both of them', async () => {
    const { authority } = connected;
    const brand = { series: '16', 'brand-id': authority.id, model: 'box', architecture: 'amd64', base: 'core22' };
    const snaps = [
      { name: 'pc', type: 'gadget', 'default-channel': '22/stable', id: testSnapId('pc') },
      { name: 'pc-kernel', type: 'kernel', 'default-channel': '22/stable', id: testSnapId('pc-kernel') },
    ];
    const model = authority.sign('model', { ...brand, grade: 'signed', snaps });
    const account = { series: '16', 'account-id': authority.id, name: 'tested', sequence: '2' };
    const pinned = [{ name: 'core20', id: testSnapId('core20'), presence: 'required', revision: '20' }];
    online.offerAssertions([authority.sign('validation-set', { ...account, snaps: pinned })]);
    await online.publish({ name: 'pc', revision: 51, type: 'gadget', channels: ['22/stable'] });
    await online.publish({ name: 'pc-kernel', revision: 61, type: 'kernel', base: null, channels: ['22/stable'] });

    const file = await connected.write('box.model', encodeAssertionStream([model]));
    const set = `${authority.id}/tested`;
    const bundle = await fetched('box', '--for-model', file, '--for-validation-set', set, '--single-bundle');
    const pushed = await other.must('push-snap', bundle);
    for (const [name, revision] of [
      ['pc', 51],
      ['pc-kernel', 61],
      ['core20', 20],
      ['core22', 22],
      ['snapd', 9],
    ] as const) {
      expect(pushed).toMatch(new RegExp(`^\\[snap ${name}\\] .*revision ${revision}`, 'm'));
    }
    const held = await other.must('assertions', 'list');
    expect(held).toMatch(/model.*box/);
    expect(held).toMatch(/validation-set.*tested.*2/);
  });
});
