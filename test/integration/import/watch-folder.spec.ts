import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';

import { ImportService, WatchFolder } from '../../../src/modules/snap-import/index.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import type { TestStore } from '../../support/test-store.js';
import { bundleOf, Scene, signed } from './scene.js';

const scene = Scene.forEachTest();
const TIMING = { lookEveryMs: 20, settleMs: 200 };
const PATIENCE = { timeout: 20_000, interval: 20 };

/** A server's watching on the folder, until the test ends. */
async function watch<T>(work: (folder: string, server: TestStore) => Promise<T>, timing = TIMING): Promise<T> {
  const folder = join(scene.folder, 'incoming');
  await mkdir(folder, { recursive: true });
  const server = await scene.open({ dataDir: scene.store.dataDir, settings: { 'proxy.import.watch': folder } });
  try {
    server.context.get(WatchFolder).start(timing);
    return await work(folder, server);
  } finally {
    await server.close();
  }
}

/** Complete from the start, as after `mv`. */
async function drop(folder: string, name: string, bytes: Buffer): Promise<void> {
  await rename(await scene.write(`outside-${name}`, bytes), join(folder, name));
}

async function report(folder: string, outcome: 'done' | 'failed', name: string): Promise<Record<string, unknown>> {
  const path = join(folder, outcome, `${name}.report.json`);
  const text = await vi.waitFor(() => readFile(path, 'utf8'), PATIENCE);
  return JSON.parse(text) as Record<string, unknown>;
}

describe(WatchFolder.name, () => {
  it('imports what is put there, one after the other, and moves it with its report', async () => {
    const [jq, yq] = [signed('jq', 6), signed('yq', 2)];
    await watch(async (folder) => {
      await drop(folder, 'jq_6.assert', jq.stream);
      await drop(folder, 'jq_6.snap', jq.content);
      const bundle = await scene.bundle(bundleOf([{ snap: yq }]));
      await rename(bundle, join(folder, 'yq.tar.gz'));
      expect(await report(folder, 'done', 'jq_6.snap')).toMatchObject({
        report: { kind: 'pair', revisions: [{ name: 'jq', outcome: 'added' }] },
      });
      expect(await report(folder, 'done', 'yq.tar.gz')).toMatchObject({
        report: { kind: 'bundle', revisions: [{ name: 'yq', outcome: 'added' }] },
      });
      await vi.waitFor(async () => {
        expect(await readdir(folder)).toEqual(['done', 'failed']);
      }, PATIENCE);
      expect((await readdir(join(folder, 'done'))).sort()).toEqual([
        'jq_6.assert',
        'jq_6.snap',
        'jq_6.snap.report.json',
        'yq.tar.gz',
        'yq.tar.gz.report.json',
      ]);
    });
    expect(await scene.store.blobFiles()).toHaveLength(2);
  });

  it('moves what it refuses aside, with the reason, and goes on', async () => {
    await watch(async (folder) => {
      await drop(folder, 'a.tar.gz', Buffer.from('this is no bundle'));
      const jq = signed('jq', 6);
      await drop(folder, 'jq_6.assert', signed('jq', 5).stream);
      await drop(folder, 'jq_6.snap', jq.content);
      expect(await report(folder, 'failed', 'a.tar.gz')).toMatchObject({ error: { code: 'not-a-bundle' } });
      expect(await report(folder, 'failed', 'jq_6.snap')).toMatchObject({ error: { code: 'snap-refused' } });
      await vi.waitFor(async () => {
        expect(await readdir(folder)).toEqual(['done', 'failed']);
      }, PATIENCE);
    });
    await scene.expectNothingLeft('', []);
  });

  it('waits for a file that is still being written', async () => {
    // Longer than a busy machine takes from one piece to the next.
    const patient = { ...TIMING, settleMs: 2_000 };
    const jq = signed('jq', 6, { sizeBytes: 400_000 });
    await watch(async (folder) => {
      await writeFile(join(folder, 'jq_6.assert'), jq.stream);
      for (let written = 0; written < jq.content.length; written += 20_000) {
        await writeFile(join(folder, 'jq_6.snap'), jq.content.subarray(0, written + 20_000));
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      await report(folder, 'done', 'jq_6.snap');
    }, patient);
    expect((await scene.ledger()).map(({ state }) => state)).toEqual(['done']);
  });

  it('imports again what was imported but not moved when the process died', async () => {
    const path = await scene.pair(signed('jq', 6));
    await scene.import(path);
    await watch(async (folder) => {
      for (const extension of ['assert', 'snap'])
        await rename(path.replace('.snap', `.${extension}`), join(folder, `jq_6.${extension}`));
      expect(await report(folder, 'done', 'jq_6.snap')).toMatchObject({ report: { alreadyImported: true } });
    });
  });

  it('lets one of several processes do the work', async () => {
    await watch(async (folder, first) => {
      const second = await scene.open({ dataDir: scene.store.dataDir, settings: { 'proxy.import.watch': folder } });
      try {
        second.context.get(WatchFolder).start(TIMING);
        for (const [index, name] of ['aa', 'bb', 'cc', 'dd'].entries())
          await rename(
            await scene.bundle(bundleOf([{ snap: signed(name, index + 1) }])),
            join(folder, `${name}.tar.gz`),
          );
        for (const name of ['aa', 'bb', 'cc', 'dd']) await report(folder, 'done', `${name}.tar.gz`);
      } finally {
        await second.close();
      }
      expect(first).toBeDefined();
    });
    expect((await scene.ledger()).map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('follows the setting while it runs', async () => {
    const folder = join(scene.folder, 'later');
    await mkdir(folder);
    await scene.store.context.get(SettingsService).follow();
    scene.store.context.get(WatchFolder).start(TIMING);
    await rename(await scene.bundle(bundleOf([{ snap: signed('jq', 6) }])), join(folder, 'jq.tar.gz'));
    const other = await scene.open({ dataDir: scene.store.dataDir });
    try {
      await other.context.get(SettingsService).change(new Map([['proxy.import.watch', folder]]));
    } finally {
      await other.close();
    }
    await report(folder, 'done', 'jq.tar.gz');
  });

  it('stops in the middle of an import, which is there again after the next start', async () => {
    const jq = signed('jq', 6, { sizeBytes: 64 << 20 });
    await watch(async (folder, server) => {
      await drop(folder, 'jq_6.assert', jq.stream);
      await drop(folder, 'jq_6.snap', jq.content);
      const imports = vi.spyOn(server.context.get(ImportService), 'importPath');
      await vi.waitFor(() => {
        expect(imports).toHaveBeenCalled();
      }, PATIENCE);
    });
    expect(await scene.store.tables()).toBe('');
    await watch(async (folder) => {
      expect(await report(folder, 'done', 'jq_6.snap')).toMatchObject({ report: { alreadyImported: false } });
    });
  });

  it('does without a folder that is not there, and takes it up when it is', async () => {
    await watch(async (folder) => {
      await rename(folder, `${folder}.away`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await rename(`${folder}.away`, folder);
      await rename(await scene.bundle(bundleOf([{ snap: signed('jq', 6) }])), join(folder, 'jq.tar.gz'));
      await report(folder, 'done', 'jq.tar.gz');
    });
  });
});
