import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Collector } from '../../../src/modules/blobs/index.js';
import {
  type DeltaLine,
  DeltaService,
  DeltaWorker,
  RemovalService,
  ReleaseService,
  XDELTA3_PLACES,
  Xdelta3,
} from '../../../src/modules/catalog/index.js';
import { SnapRemover, StoreVerifier } from '../../../src/modules/integrity/index.js';
import { Channel } from '../../../src/kernel/channel.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { LIKE_XDELTA3, StandIn } from '../../support/delta-program.js';
import type { TestStore } from '../../support/test-store.js';
import { Scene, signed } from '../import/scene.js';

const scene = Scene.forEachTest();
const SNAP_BYTES = 200_000;

let program: StandIn;

beforeEach(async () => {
  program = await StandIn.make();
  program.replace(scene.store.context.get(Xdelta3));
});

afterEach(() => program.close());

const service = (store: TestStore = scene.store): DeltaService => store.context.get(DeltaService);
const push = async (...revisions: number[]): Promise<void> => {
  for (const revision of revisions)
    await scene.import(await scene.pair(signed('jq', revision, { sizeBytes: SNAP_BYTES })));
};
const shown = (lines: readonly DeltaLine[]): string[] =>
  lines.map(({ source, target, state }) => `${source}>${target} ${state}`);
const listed = async (name: string | null = null): Promise<string[]> => shown(await service().list(name));
const set = (values: Record<string, string>): Promise<void> =>
  scene.store.context.get(SettingsService).change(new Map(Object.entries(values)));
const verify = () => scene.store.context.get(StoreVerifier).verify();

describe('deltas of a snap', () => {
  it('are made of the revisions before the released one, proven, and held as files', async () => {
    await push(1, 2, 3, 4, 5);
    const started: string[] = [];
    const made = await service().make('jq', {
      onStart: ({ sourceRevision, targetRevision }, index, count) =>
        started.push(`${sourceRevision}>${targetRevision} ${index}/${count}`),
    });
    expect(shown(made)).toEqual(['4>5 made', '3>5 made', '2>5 made']);
    expect(started).toEqual(['4>5 0/3', '3>5 1/3', '2>5 2/3']);
    expect(await service().list('jq')).toEqual(made);
    expect(made[0]).toMatchObject({
      name: 'jq',
      reason: null,
      byHand: false,
      snapSizeBytes: expect.any(Number) as number,
    });
    expect(made[0]!.sizeBytes).toBeLessThan(made[0]!.snapSizeBytes / 2);
    // All three are one file: the stand-in does not look at what they begin with.
    expect(await scene.store.blobFiles()).toContain(made[0]!.sha3_384);
    expect(await scene.store.stagings()).toEqual([]);
    expect(await verify()).toMatchObject({ isSound: true, files: { orphaned: [] } });
  });

  it('are not made twice', async () => {
    await push(1, 2);
    const [first] = await service().make('jq');
    await program.become('exit 1');
    expect(await service().make('jq')).toEqual([first]);
  });

  it.each([
    ['would be too large', 'cat', 'too-large', 'it would be larger than 50 % of the snap'],
    ['never end', 'exec yes', 'too-large', 'it would be larger than 50 % of the snap'],
    ['fail', 'echo broken >&2; exit 7', 'failed', 'xdelta3 ended with exit code 7: broken'],
    [
      'would make another file',
      LIKE_XDELTA3.replace('exec gzip -dc', 'gzip -dc | tr a b'),
      'failed',
      'it did not make the file that it should',
    ],
    [
      'would make a larger file',
      LIKE_XDELTA3.replace('exec gzip -dc', 'gzip -dc; exec yes'),
      'failed',
      'it made more than the file that it should',
    ],
  ])('that %s are remembered as such, and leave no file', async (_what, script, state, reason) => {
    await push(1, 2);
    await program.become(script);
    const files = await scene.store.blobFiles();
    const [line] = await service().make('jq');
    expect(line).toMatchObject({ state, reason, sizeBytes: null, sha3_384: null });
    expect([await scene.store.blobFiles(), await scene.store.stagings()]).toEqual([files, []]);
    await program.become(LIKE_XDELTA3);
    // Asked for again it is tried again.
    expect(shown(await service().make('jq'))).toEqual(['1>2 made']);
  });

  it('that save too little are not kept, however large they may be', async () => {
    await set({ 'proxy.deltas.max-share': '90' });
    for (const revision of [1, 2]) await scene.import(await scene.pair(signed('small', revision)));
    await program.become(LIKE_XDELTA3.replace('exec gzip -nc', 'head -c 12400; cat >/dev/null'));
    expect((await service().make('small'))[0]).toMatchObject({ state: 'too-large' });
  });

  it('cannot be made where the program is missing, or of what is not held', async () => {
    await push(1, 2);
    await program.become(null);
    await expect(service().make('jq')).rejects.toMatchObject({ code: 'delta-program-missing' });
    await program.become(LIKE_XDELTA3);
    await expect(service().make('yq')).rejects.toMatchObject({ code: 'snap-not-held' });
    const only = { sourceRevision: 2, targetRevision: 9 };
    await expect(service().make('jq', { only })).rejects.toMatchObject({ code: 'revision-not-held' });
    expect(await listed()).toEqual([]);
  });

  it('of which the file was damaged are made anew when they are asked for', async () => {
    await push(1, 2);
    const [line] = await service().make('jq');
    const sha3_384 = line?.sha3_384 ?? '';
    await appendFile(join(scene.store.dataDir, 'blobs', sha3_384.slice(0, 2), sha3_384), 'x');
    expect(await verify()).toMatchObject({ isSound: false });
    expect(await service().make('jq')).toMatchObject([{ state: 'made', sha3_384 }]);
    expect(await verify()).toMatchObject({ isSound: true, files: { orphaned: [] } });
  });

  it('stop when they are told to, and nothing is remembered', async () => {
    await push(1, 2);
    await program.become('exec sleep 30');
    const signal = AbortSignal.timeout(300);
    await expect(service().make('jq', { signal })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect([await listed(), await scene.store.stagings()]).toEqual([[], []]);
  });

  it('go with either of their revisions, file and all', async () => {
    await push(1, 2, 3);
    await service().make('jq');
    const [line] = await service().list('jq');
    const plan = await scene.store.context.get(RemovalService).plan('jq', { revision: 1 });
    expect(plan.blobs).not.toContain(line!.sha3_384);
    const remover = scene.store.context.get(SnapRemover);
    await remover.remove('jq', { revision: 1, force: true });
    expect(await listed()).toEqual(['2>3 made']);
    expect(await scene.store.blobFiles()).toContain(line!.sha3_384);
    await remover.remove('jq', { revision: 2, force: true });
    expect(await listed()).toEqual([]);
    expect(await scene.store.blobFiles()).not.toContain(line!.sha3_384);
    await remover.remove('jq', { force: true });
    expect(await scene.store.blobFiles()).toEqual([]);
    expect(await scene.store.context.get(Collector).collect()).toMatchObject({ blobs: [] });
  });

  it('are dropped one by one, of a snap, or all of them', async () => {
    await push(1, 2, 3);
    await service().make('jq');
    const only = { sourceRevision: 1, targetRevision: 3 };
    expect(shown((await service().drop('jq', only)).dropped)).toEqual(['1>3 made']);
    await expect(service().drop('jq', only)).rejects.toMatchObject({ code: 'delta-not-held' });
    expect(await listed()).toEqual(['2>3 made']);
    const { dropped, freedBytes } = await service().drop(null);
    expect([shown(dropped), freedBytes]).toEqual([['2>3 made'], dropped[0]!.sizeBytes]);
    expect([await listed(), (await scene.store.blobFiles()).length]).toEqual([[], 3]);
  });

  it.runIf(XDELTA3_PLACES.some((place) => existsSync(place)))('are what xdelta3 makes', async () => {
    const real = await StandIn.make('exec xdelta3 "$@"');
    real.replace(scene.store.context.get(Xdelta3));
    await push(1, 2);
    const [line] = await service().make('jq');
    expect(line).toMatchObject({ state: 'made' });
    expect(line!.sizeBytes).toBeLessThan(1_000);
    await real.close();
  });
});

describe('a running store', () => {
  const worker = (store: TestStore = scene.store): Promise<void> =>
    store.context.get(DeltaWorker).start({ lookEveryMs: 20 });
  const becomes = (expected: string[]): Promise<void> =>
    vi.waitFor(
      async () => {
        expect(await listed()).toEqual(expected);
      },
      { timeout: 20_000, interval: 50 },
    );

  it('makes those that an import asks for, and removes those that nobody can use any more', async () => {
    await set({ 'proxy.deltas.enabled': 'true', 'proxy.deltas.revisions': '1' });
    await worker();
    await push(1, 2);
    await becomes(['1>2 made']);
    await push(3);
    await becomes(['2>3 made']);
    await scene.store.context.get(ReleaseService).release('jq', 2, Channel.parse('candidate'));
    await becomes(['2>3 made', '1>2 made']);
    await service().make('jq', { only: { sourceRevision: 1, targetRevision: 3 } });
    await scene.store.context.get(ReleaseService).close('jq', Channel.parse('candidate'));
    // Somebody asked for it.
    await becomes(['2>3 made', '1>3 made']);
    expect(await verify()).toMatchObject({ isSound: true, files: { orphaned: [] } });
  });

  it('makes none before it is told to, and takes up what is held by then', async () => {
    await worker();
    await push(1, 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await listed()).toEqual([]);
    await set({ 'proxy.deltas.enabled': 'true' });
    await scene.store.context.get(SettingsService).reload();
    await becomes(['1>2 made']);
  });

  it('does not try again what was in vain', async () => {
    await program.become('exit 1');
    await set({ 'proxy.deltas.enabled': 'true', 'proxy.deltas.revisions': '1' });
    await worker();
    await push(1, 2);
    await becomes(['1>2 failed']);
    await program.become(LIKE_XDELTA3);
    await push(3);
    await becomes(['2>3 made']);
  });

  it('stops with it, however long one takes, and goes on when it is back', async () => {
    await push(1, 2);
    await program.become('exec sleep 60');
    const other = await scene.open({ dataDir: scene.store.dataDir, settings: { 'proxy.deltas.enabled': 'true' } });
    program.replace(other.context.get(Xdelta3));
    await worker(other);
    await vi.waitFor(
      async () => {
        expect(await scene.store.stagings()).toHaveLength(1);
      },
      { timeout: 10_000 },
    );
    await other.close();
    expect([await scene.store.stagings(), await listed()]).toEqual([[], []]);
    await program.become(LIKE_XDELTA3);
    await set({ 'proxy.deltas.enabled': 'true' });
    // As one that was killed leaves it.
    await mkdir(join(scene.store.dataDir, 'blobs/staging/killed'), { recursive: true });
    await worker();
    await becomes(['1>2 made']);
    expect(await scene.store.stagings()).toEqual([]);
  });
});
