import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach } from 'vitest';

import { TrustedRoots } from '../../src/formats/assertion/index.js';
import { AssertionChains } from '../../src/modules/snap-fetch/assertions/assertion-chains.js';
import { type CarriedBundle, type CarryOptions, CarryRun } from '../../src/modules/snap-fetch/carry/carry-run.js';
import { Unfinished } from '../../src/modules/snap-fetch/carry/unfinished.js';
import { DownloadCache } from '../../src/modules/snap-fetch/download/download-cache.js';
import type { FetchPlan } from '../../src/modules/snap-fetch/plan/fetch-plan.js';
import { HashWorkers } from '../../src/platform/hashing/hash-workers.js';
import { FixedClock } from './authority.js';
import { newSigner } from './bundles.js';
import { FakeOnlineStore } from './fake-online-store.js';
import { type SignedSnap, TestAuthority, testSnapId, usualYaml } from './test-authority.js';
import { tinySquashfs } from './tiny-squashfs.js';

const MIB = 1024 * 1024;
const NOW = new Date('2026-01-02T03:04:05.678Z');
const LIMITS = { progressBytes: 64 * 1024, attempts: 3, pauseMs: 1 };

/** A connected side for each test of a file: a store, a cache and a folder for bundles, all of them empty. */
export class CarryScene {
  readonly authority = TestAuthority.create();
  readonly signer = newSigner();
  store = new FakeOnlineStore();
  private readonly roots = TrustedRoots.of(this.authority.roots);
  private readonly workers = new HashWorkers();
  folder = '';

  /** To be called once in a file. */
  static here(): CarryScene {
    const scene = new CarryScene();
    beforeEach(async () => {
      scene.folder = await mkdtemp(join(tmpdir(), 'carry-'));
      scene.store = new FakeOnlineStore();
    });
    afterEach(() => rm(scene.folder, { recursive: true }));
    afterAll(() => scene.workers.beforeApplicationShutdown());
    return scene;
  }

  readonly cacheFolder = (): string => join(this.folder, 'cache');
  readonly exportDir = (): string => join(this.folder, 'out');

  /** Signed, and in the store. */
  readonly snap = (
    name: string,
    given: { revision?: number; sizeBytes?: number; snapYaml?: string } = {},
  ): SignedSnap => {
    const { revision = 1, sizeBytes = 16_384 } = given;
    const content = tinySquashfs({ 'meta/snap.yaml': given.snapYaml ?? usualYaml(name, revision) }, { sizeBytes });
    // What a test cuts out of it must be missed.
    if (sizeBytes > MIB) randomFillSync(content, 64 * 1024);
    const signed = this.authority.snap({ name, snapId: testSnapId(name), revision, content });
    this.store.put(signed);
    return signed;
  };

  readonly carry = async (plan: FetchPlan, given: Partial<CarryOptions> = {}): Promise<CarriedBundle[]> => {
    const { store, roots, workers, signer } = this;
    const cache = new DownloadCache(this.cacheFolder());
    await cache.prepare();
    const unfinished = new Unfinished(join(this.cacheFolder(), 'unfinished.json'));
    await unfinished.sweep();
    const signal = given.signal ?? new AbortController().signal;
    const clock = new FixedClock(NOW);
    const chains = new AssertionChains({ store, roots, clock, signal });
    const run = new CarryRun(
      {
        store,
        exportDir: this.exportDir(),
        jobs: 2,
        splitBytes: null,
        tool: { name: 'test', version: '1' },
        limits: LIMITS,
        ...given,
        signal,
      },
      { cache, workers, clock, signer, chains, unfinished },
    );
    return run.carry(plan);
  };
}
