import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';

import type { ManifestSigner } from '../../../src/formats/bundle/index.js';
import { Collector, Scrubber } from '../../../src/modules/blobs/index.js';
import {
  ImportService,
  SignerService,
  type ImportOptions,
  type ImportReport,
} from '../../../src/modules/snap-import/index.js';
import { packBundle, testBundle, type TestBundle, type TestBundlePieces } from '../../support/bundles.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority, testSnapId, type SignedSnap, type TestSnapPlan } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

/** One root for all of a test file: making its key is what takes time. */
export const authority = TestAuthority.create();

/** A store with nothing in it; `folder` is a place for files to import. */
export class Scene {
  store!: TestStore;
  folder!: string;
  private database!: TestDatabase;

  /** Each test has a store of its own. */
  static forEachTest(): Scene {
    const scene = Scene.onDatabase();
    beforeEach(() => scene.setUp());
    afterEach(() => scene.tearDown());
    return scene;
  }

  /** All tests of a file share one, because none of them is to leave anything in it. */
  static forAllTests(): Scene {
    const scene = Scene.onDatabase();
    beforeAll(() => scene.setUp());
    afterAll(() => scene.tearDown());
    return scene;
  }

  private static onDatabase(): Scene {
    const scene = new Scene();
    beforeAll(async () => {
      scene.database = await createTestDatabase();
    });
    afterAll(() => scene.database.drop());
    return scene;
  }

  private async setUp(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'import-'));
    this.store = await this.open();
  }

  private async tearDown(): Promise<void> {
    const tables = ['assertion', 'blob', 'snap', 'import', 'bundle_signer', 'setting', 'key'];
    await this.store.query(`TRUNCATE ${tables.map((table) => `snap_store.${table}`).join(', ')} CASCADE`);
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Another process on the same store, or the same after a restart. Whoever opens it closes it. */
  open(
    given: { readonly dataDir?: string; readonly settings?: Readonly<Record<string, string>> } = {},
  ): Promise<TestStore> {
    return openTestStore({ uri: this.database.uri, authority, ...given });
  }

  get imports(): ImportService {
    return this.store.context.get(ImportService);
  }

  async import(path: string, options: ImportOptions = {}): Promise<ImportReport> {
    const [report] = await this.imports.importPath(path, options);
    if (report === undefined) throw new Error(`${path} gave no report`);
    return report;
  }

  async write(name: string, bytes: Buffer): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, bytes);
    return path;
  }

  /** `NAME_REV.snap` and `NAME_REV.assert`, in this folder or another. */
  async pair(signed: SignedSnap, folder = this.folder): Promise<string> {
    const path = join(folder, `${signed.plan.name}_${signed.plan.revision}`);
    await writeFile(`${path}.assert`, signed.stream);
    await writeFile(`${path}.snap`, signed.content);
    return `${path}.snap`;
  }

  async bundle(bundle: TestBundle, name = 'test.tar.gz'): Promise<string> {
    return this.write(name, await packBundle(bundle));
  }

  /** Imports what must be refused; says with what. Checks that it left nothing behind. */
  async refusal(path: string, options: ImportOptions = {}): Promise<{ code: string; message: string }> {
    const [tables, files] = [await this.store.tables(), await this.store.blobFiles()];
    const thrown: unknown = await this.import(path, options).then(
      () => new Error('it was not refused'),
      (error: unknown) => error,
    );
    await this.expectNothingLeft(tables, files);
    const { code, message } = thrown as { code?: string; message: string };
    expect(code, message).toBeDefined();
    return { code: code ?? '', message };
  }

  /** Tables as they were, no staging folder, and no file once the collector has been. */
  async expectNothingLeft(tables: string, files: readonly string[]): Promise<void> {
    expect(await this.store.tables()).toBe(tables);
    expect(await this.store.stagings()).toEqual([]);
    await this.store.context.get(Collector).collect();
    expect(await this.store.blobFiles()).toEqual(files);
    const scrubbed = await this.store.context.get(Scrubber).scrub();
    expect(scrubbed).toMatchObject({ damaged: [], missing: [], orphaned: [] });
  }

  /** Makes the store accept what this signer signs. */
  async makeKnown({ publicKey }: ManifestSigner): Promise<void> {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') };
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    await this.store.context.get(SignerService).add(pem.toString(), 'the laptop');
  }

  ledger(): Promise<{ state: string; source: string; bundle_id: string | null; reason: string | null }[]> {
    return this.store.query('SELECT state, source, bundle_id, reason FROM snap_store.import ORDER BY started_at');
  }

  /** `latest/stable amd64 6 import`, … of all that is in force. */
  async releases(): Promise<string[]> {
    const rows = await this.store.query<{ line: string }>(`
      SELECT channel || ' ' || architecture || ' ' || coalesce(revision::text, '-') || ' ' || origin AS line
      FROM (SELECT DISTINCT ON (snap_id, channel, architecture) * FROM snap_store.release
            ORDER BY snap_id, channel, architecture, id DESC) newest
      ORDER BY 1`);
    return rows.map(({ line }) => line);
  }
}

export function signed(name: string, revision: number, plan: Partial<TestSnapPlan> = {}): SignedSnap {
  return authority.snap({ name, snapId: testSnapId(name), revision, ...plan });
}

/** A bundle of these snaps with their assertions, each fetched from the channels. */
export function bundleOf(
  snaps: readonly { readonly snap: SignedSnap; readonly channels?: readonly string[] }[],
  pieces: Partial<TestBundlePieces> = {},
): TestBundle {
  const names = [...new Set(snaps.map(({ snap }) => snap.plan.name))];
  return testBundle({
    snaps: names.map((name) => ({
      name,
      snapId: testSnapId(name),
      revisions: snaps
        .filter(({ snap }) => snap.plan.name === name)
        .map(({ snap, channels = ['latest/stable'] }) => {
          return { revision: snap.plan.revision, content: snap.content, version: `${snap.plan.revision}.0`, channels };
        }),
    })),
    assertions: snaps.map(({ snap }, index) => ({ name: `${index}-${snap.plan.name}`, bytes: snap.stream })),
    ...pieces,
  });
}
