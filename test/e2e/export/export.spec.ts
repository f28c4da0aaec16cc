import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type EmulatedOnlineStore, startOnlineStore } from '../../support/online-store.js';
import { Scene } from '../cli/scene.js';

const core22 = { snapYaml: 'name: core22\nversion: "1"\nsummary: base\ndescription: base\ntype: base\n' };

/** A store that holds something, and a further store; the first one can be put back on the connected side for a look upstream. */
describe('what leaves a store, by the command line', () => {
  let first: Scene;
  let further: Scene;
  let online: EmulatedOnlineStore;
  let inventory: string;

  beforeAll(async () => {
    [first, further] = [await Scene.open(), await Scene.open()];
    online = await startOnlineStore({ authority: first.authority });
    await further.must('config', `proxy.trust.extra-roots=${join(first.folder, 'roots.assert')}`);
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await first.must('keys', 'import', await first.write('signer.pem', pem));
    await first.must(
      'push-snap',
      await first.pair('core22', 1, core22),
      await first.pair('jq', 6),
      await first.pair('yq', 2),
    );
  });

  afterAll(async () => {
    await online.close();
    await first.close();
    await further.close();
  });

  it('is what it holds, in a file for the connected side, which sees by it what is newer', async () => {
    inventory = join(first.folder, 'out.jsonl');
    expect(await first.must('inventory', '--output', inventory)).toMatch(
      /^Written: .*out\.jsonl \(.* KiB\)\nHolds: 3 snaps, 3 revisions, 0 component revisions, 0 pictures\nSigned by \S{64}\n$/,
    );
    const { content, stream } = first.signed('core22', 1, core22);
    await online.publish({ name: 'core22', revision: 1, type: 'base', content, stream });
    await online.publish({ name: 'jq', revision: 7 });
    await first.must('config', `proxy.upstream=${online.url}`);
    const text = await first.must('list-updates', inventory);
    expect(text.split('\n').map((line) => line.split(/ {2,}/).join(' | '))).toEqual([
      'Name | Channel | Architecture | Held | Upstream | Size | Released',
      'jq | latest/stable | amd64 | 6 (6.0) | 7 (7.0) | 16.0 KiB | 2026-01-02',
      'yq | latest/stable | amd64 | 2 (2.0) | not there | - | -',
      '2 channels to look at, 1 as held; 16.0 KiB to carry',
      '',
    ]);
    const fetched = await first.run(['fetch-snaps', 'core22', '--arch=amd64', '--since', inventory, '--dry-run']);
    expect(fetched).toMatchObject({ exitCode: 0, stdout: 'nothing to fetch\n' });
  });

  it('is refused where it was changed on the way', async () => {
    const changed = await first.write('changed.jsonl', (await readFile(inventory, 'utf8')).replace('"6.0"', '"9.0"'));
    expect(await first.run(['list-updates', changed])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(
        /^error: .*changed\.jsonl: the signature is not .* \(inventory-signature-refused\)\n$/,
      ) as string,
    });
  });

  it('is a signed bundle from which a further store has all that a device asks for', async () => {
    const exportDir = join(first.folder, 'made', 'here');
    const text = await first.must('export-snaps', 'jq', '--export-dir', exportDir);
    expect(text).toContain(
      'jq: 2 snaps, 32.0 KiB\n  jq: requested\n    jq 6: 6.0, amd64, 16.0 KiB, latest/stable amd64\n',
    );
    expect(text).toContain('  jq needs core22: base\n');
    expect(text).toMatch(
      /^Exported jq to .*\/made\/here\/jq-\d{8}T\d{6}\.tar\.gz\n {2}\S+ KiB, signed by \S{64}\n {2}sha256 [0-9a-f]{64}$/m,
    );
    const [file = ''] = await readdir(exportDir);
    await writeFile(join(further.folder, 'first.pem'), await first.must('keys', 'export', '--signer'));
    await further.must('signers', 'add', join(further.folder, 'first.pem'));
    const pushed = await further.must('push-snap', join(exportDir, file));
    for (const name of ['core22', 'jq']) expect(pushed).toContain(`[snap ${name}] Uploaded`);

    const held = join(further.folder, 'held.jsonl');
    await further.must('inventory', '--output', held);
    const rest = join(first.folder, 'rest');
    const report = (await first.json('export-snaps', '--all', '--since', held, '--export-dir', rest)) as {
      bundles: { snaps: { name: string }[]; exported: { files: { path: string }[] } }[];
    };
    expect(report.bundles.map(({ snaps }) => snaps.map(({ name }) => name))).toEqual([['yq']]);
    const path = report.bundles[0]?.exported.files[0]?.path ?? '';
    expect((await stat(path)).size).toBeGreaterThan(16_384);
    await further.must('push-snap', path);
    expect(await further.json('list-pushed-snaps')).toMatchObject({
      snaps: [{ name: 'core22' }, { name: 'jq' }, { name: 'yq' }],
    });
  });
});
