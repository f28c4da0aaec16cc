import { describe, expect, it } from 'vitest';

import { Channel } from '../../../src/kernel/channel.js';
import { ReleaseService } from '../../../src/modules/catalog/index.js';
import { LedgerReader } from '../../../src/modules/snap-import/index.js';
import { sha3 } from '../../support/bundles.js';
import { testSnapId } from '../../support/test-authority.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const STABLE = Channel.parse('stable');

/** `latest/stable amd64: none -> 6 import 1`, newest first. */
async function history(name: string, limit = 100): Promise<string[]> {
  const changes = await scene.store.context.get(ReleaseService).history(name, limit);
  const ids = changes.flatMap(({ importId }) => importId ?? []);
  const numbers = await scene.store.context.get(LedgerReader).numbersOf(ids);
  return changes.map(({ channel, architecture, from, to, origin, importId }) => {
    const cause = importId === null ? '' : ` ${numbers.get(importId) ?? 'unknown'}`;
    return `${channel} ${architecture}: ${from ?? 'none'} -> ${to ?? 'closed'} ${origin}${cause}`;
  });
}

describe('the history of channels', () => {
  it('says what each held before and after, and which import or whose hand moved it', async () => {
    await scene.import(
      await scene.bundle(bundleOf([{ snap: signed('jq', 6), channels: ['latest/stable', '1.6/edge'] }])),
    );
    await scene.import(await scene.pair(signed('jq', 7)));
    const releases = scene.store.context.get(ReleaseService);
    await releases.release('jq', 6, STABLE);
    await releases.close('jq', Channel.parse('1.6/edge'));
    await scene.import(await scene.pair(signed('jq', 8)), { channel: Channel.parse('1.6/edge') });
    const all = [
      '1.6/edge amd64: none -> 8 hand 3',
      '1.6/edge amd64: 6 -> closed hand',
      'latest/stable amd64: 7 -> 6 hand',
      'latest/stable amd64: 6 -> 7 import 2',
      'latest/stable amd64: none -> 6 import 1',
      '1.6/edge amd64: none -> 6 import 1',
    ];
    expect(await history('jq')).toEqual(all);
    expect(await history('jq', 2)).toEqual(all.slice(0, 2));
    await expect(releases.history('nobody', 1)).rejects.toMatchObject({ code: 'snap-not-held' });
  });

  it('does not list what is only said again', async () => {
    await scene.import(await scene.pair(signed('jq', 5)));
    await scene.import(await scene.pair(signed('jq', 9)), { channel: STABLE });
    // For every architecture: what was released by hand on one of them is newer, stays, and is written once more.
    await scene.import(await scene.pair(signed('jq', 6, { snapYaml: 'name: jq\nversion: 6\n' })));
    const rows = await scene.store.query('SELECT 1 FROM snap_store.release');
    expect(rows).toHaveLength(4);
    expect(await history('jq')).toEqual([
      'latest/stable all: none -> 6 import 3',
      'latest/stable amd64: 5 -> 9 hand 2',
      'latest/stable amd64: none -> 5 import 1',
    ]);
  });
});

describe('pushing with the channel map', () => {
  it('leaves the channels of a snap whose map the bundle does not have, and says so', async () => {
    await scene.import(await scene.pair(signed('jq', 5)));
    await scene.import(await scene.pair(signed('yq', 1)));
    const bundle = bundleOf([
      { snap: signed('jq', 6), channels: ['latest/edge'] },
      { snap: signed('yq', 2), channels: [] },
    ]);
    const report = await scene.import(await scene.bundle(bundle), { replaceMap: true });
    expect(report.notes).toEqual(['no channel map of yq is in it, so its channels stay as they are']);
    expect(report.releases.map(({ name, channel, from, to }) => [name, channel, from, to])).toEqual([
      ['jq', 'latest/stable', 5, null],
      ['jq', 'latest/edge', null, 6],
    ]);
    expect(await scene.releases()).toEqual([
      'latest/edge amd64 6 import',
      'latest/stable amd64 - import',
      'latest/stable amd64 1 import',
    ]);
  });

  it('brings what the bundle assumes to the channels that it says, by hand or not', async () => {
    const [five, six] = [signed('jq', 5), signed('jq', 6)];
    await scene.import(await scene.pair(five));
    await scene.import(await scene.pair(signed('jq', 9)), { channel: STABLE });
    const bundle = bundleOf([{ snap: six, channels: ['latest/edge'] }]);
    const [snap] = bundle.manifest.snaps;
    const assumed = { snapId: testSnapId('jq'), name: 'jq', revision: 5, digest: sha3(five.content) };
    const release = {
      architecture: 'amd64',
      channel: STABLE,
      revision: 5,
      releasedAt: null,
      requested: false,
    } as const;
    const manifest = {
      ...bundle.manifest,
      snaps: [{ ...snap!, channelMap: [...snap!.channelMap, release] }],
      assumes: { ...bundle.manifest.assumes, revisions: [assumed] },
    };
    const path = await scene.bundle({ ...bundle, manifest });
    const report = await scene.import(path, { replaceMap: true });
    expect(report.notes).toEqual(['latest/stable amd64 of jq goes back from revision 9 to 5']);
    expect(await scene.releases()).toEqual(['latest/edge amd64 6 import', 'latest/stable amd64 5 import']);
    const again = await scene.import(path, { replaceMap: true });
    expect(again).toMatchObject({ alreadyImported: true, notes: [] });
  });

  it('rehearses the same on a dry run, and leaves no trace of it', async () => {
    await scene.import(await scene.pair(signed('jq', 5)));
    const bundle = await scene.bundle(bundleOf([{ snap: signed('jq', 6), channels: ['latest/edge'] }]));
    const rehearsed = await scene.import(bundle, { replaceMap: true, dryRun: true });
    expect(await history('jq')).toEqual(['latest/stable amd64: none -> 5 import 1']);
    expect((await scene.import(bundle, { replaceMap: true })).releases).toEqual(rehearsed.releases);
  });
});
