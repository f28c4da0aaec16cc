import { describe, expect, it } from 'vitest';

import { SnapRemover, StoreFacts, StoreVerifier, type IntegrityReport } from '../../../src/modules/integrity/index.js';
import { Scene, signed } from '../import/scene.js';

describe(StoreVerifier.name, () => {
  const scene = Scene.forEachTest();

  const verify = (options: Parameters<StoreVerifier['verify']>[0] = {}): Promise<IntegrityReport> =>
    scene.store.context.get(StoreVerifier).verify(options);

  const push = async (name: string, revision: number): Promise<void> => {
    await scene.import(await scene.pair(signed(name, revision)));
  };

  it('finds a store sound, and says how much it has looked at', async () => {
    await push('jq', 6);
    await push('jq', 7);
    const steps: string[] = [];
    const report = await verify({ onProgress: ({ step }) => steps.push(step) });
    expect(report).toMatchObject({
      isSound: true,
      files: { checked: 2, checkedBytes: 2 * 16_384, damaged: [], missing: [], orphaned: [] },
      assertions: { checked: 4, refused: [] },
      revisions: { checked: 2, problems: [] },
      danglingReleases: [],
      repaired: null,
    });
    expect(new Set(steps)).toEqual(new Set(['reading files', 'verifying assertions']));
  });

  it.each([
    ['its file is not held', `DELETE FROM snap_store.blob`],
    ['its file has 1 bytes where 16384 are right', `UPDATE snap_store.blob SET size_bytes = 1`],
    ['no snap-revision that holds speaks of its file', `DELETE FROM snap_store.assertion WHERE type = 'snap-revision'`],
    ['no snap-revision that holds speaks of its file', `UPDATE snap_store.snap_revision SET provenance = 'other'`],
    ['its snap-revision is of another snap, revision or size', `UPDATE snap_store.snap_revision SET revision = 8`],
    ['its snap-declaration names it jq', `UPDATE snap_store.snap SET name = 'jp'`],
  ])('finds of a revision that %s', async (problem, damage) => {
    await push('jq', 6);
    await scene.store.query(damage);
    const report = await verify();
    expect(report.isSound).toBe(false);
    expect(report.revisions.problems.map((found) => found.problem)).toEqual([problem]);
  });

  it('finds an assertion that does not hold, and what hangs on it', async () => {
    await push('jq', 6);
    await scene.store.query(
      `UPDATE snap_store.assertion SET encoded = convert_to(replace(convert_from(encoded, 'UTF8'), 'snap-name: jq', 'snap-name: jp'), 'UTF8')
       WHERE type = 'snap-declaration'`,
    );
    const report = await verify();
    expect(report.isSound).toBe(false);
    expect(report.assertions.refused.map(({ assertion }) => assertion.split('/')[0])).toContain('snap-declaration');
    expect(report.revisions.problems).not.toEqual([]);
  });

  it('finds a channel that releases what is not there', async () => {
    await push('jq', 6);
    await scene.store.query(
      `INSERT INTO snap_store.release (snap_id, architecture, channel, revision, origin)
       SELECT snap_id, 'amd64', 'latest/edge', 99, 'hand' FROM snap_store.snap`,
    );
    expect(await verify()).toMatchObject({
      isSound: false,
      danglingReleases: [{ name: 'jq', channel: 'latest/edge', architecture: 'amd64', revision: 99 }],
    });
    // What is closed since does not count.
    await scene.store.query(
      `INSERT INTO snap_store.release (snap_id, architecture, channel, revision, origin)
       SELECT snap_id, 'amd64', 'latest/edge', NULL, 'hand' FROM snap_store.snap`,
    );
    expect(await verify()).toMatchObject({ isSound: true, danglingReleases: [] });
  });

  it('takes files that no revision names for orphans, and removes them when it repairs', async () => {
    await push('jq', 6);
    await push('other', 1);
    await scene.store.query(`DELETE FROM snap_store.snap WHERE name = 'other'`);
    const found = await verify();
    expect(found.isSound).toBe(true);
    expect(found.files.orphaned).toHaveLength(1);
    expect((await verify({ repair: true })).repaired).toEqual({ removedFiles: 1, freedBytes: 16_384, recovered: 0 });
    expect((await verify()).files).toMatchObject({ checked: 1, orphaned: [] });
    expect(await scene.store.blobFiles()).toHaveLength(1);
  });

  it('stops when it is told to', async () => {
    await push('jq', 6);
    const reason = new Error('enough');
    await expect(verify({ signal: AbortSignal.abort(reason) })).rejects.toThrow(reason);
  });

  it('removes a snap with its files only where nothing needs it', async () => {
    await push('core22', 1);
    await push('jq', 6);
    const remover = scene.store.context.get(SnapRemover);
    await expect(remover.remove('core22')).rejects.toThrow(/core22 is still needed: jq/);
    expect(await scene.store.blobFiles()).toHaveLength(2);
    expect((await remover.remove('core22', { force: true })).freedBytes).toBe(16_384);
    expect(await scene.store.blobFiles()).toHaveLength(1);
    expect(await verify()).toMatchObject({ isSound: true, files: { orphaned: [] } });
  });

  it('tells the facts that a doctor judges', async () => {
    const facts = scene.store.context.get(StoreFacts);
    expect(await facts.newestAssertion()).toBeNull();
    await push('jq', 6);
    expect(await facts.newestAssertion()).toEqual(new Date('2026-01-01T00:00:00Z'));
    expect(await facts.databaseVersion()).toBeGreaterThanOrEqual(14);
  });
});
