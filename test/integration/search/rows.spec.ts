import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SearchHealth, SearchIndexer, ReleaseService } from '../../../src/modules/catalog/index.js';
import { SearchService } from '../../../src/modules/catalog/search/search.service.js';
import { Channel } from '../../../src/kernel/channel.js';
import { ImportService } from '../../../src/modules/snap-import/index.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { TestAuthority, testSnapId } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

describe('what snaps are found by', () => {
  const authority = TestAuthority.create();
  let database: TestDatabase;
  let store: TestStore;

  const names = async (query: string, { context }: TestStore = store): Promise<string[]> => {
    const view = { isEverything: false, mayHave: () => true };
    const asked = { query, deviceArchitecture: 'amd64', baseUrl: 'http://store', view };
    const { body } = await context.get(SearchService).answer('find', asked);
    return (JSON.parse((body as Buffer).toString()) as { results: { name: string }[] }).results.map(({ name }) => name);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    store = await openTestStore({ uri: database.uri, authority });
    const folder = join(store.dataDir, 'pairs');
    await mkdir(folder);
    for (const name of ['firefox', 'vlc']) {
      const signed = authority.snap({ name, snapId: testSnapId(name), revision: 1 });
      await writeFile(join(folder, `${name}_1.snap`), signed.content);
      await writeFile(join(folder, `${name}_1.assert`), signed.stream);
      await store.context.get(ImportService).importPath(join(folder, `${name}_1.snap`));
    }
  });

  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it('stays as it was where the transaction that changes it fails', async () => {
    const release = store.context.get(ReleaseService);
    const rows = () => store.query('SELECT snap_id, offers, made_by FROM snap_store.snap_search ORDER BY 1');
    const before = await rows();
    const failing = store.context.get(Transaction).run(async () => {
      await release.close('firefox', Channel.parse('stable'));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await rows()).toEqual(before);
    await release.close('firefox', Channel.parse('stable'));
    expect(await rows()).not.toEqual(before);
    await release.release('firefox', 1, Channel.parse('stable'));
    expect(await rows()).toEqual(before);
  });

  it('is made for what an older program has left without', async () => {
    await store.query(`DELETE FROM snap_store.snap_search WHERE name = 'vlc'`);
    await store.query(`UPDATE snap_store.snap_search SET made_by = 0, architectures = '{}'`);
    await store.query('DROP INDEX snap_store.snap_search_names');
    expect(await store.context.get(SearchHealth).state()).toEqual({ forgivesTyping: true, isComplete: false });
    expect(await store.context.get(SearchIndexer).catchUp()).toBe(2);
    expect(await store.context.get(SearchHealth).state()).toEqual({ forgivesTyping: true, isComplete: true });
    expect(await names('q=vlc')).toEqual(['vlc']);
    expect(await names('')).toEqual(['firefox', 'vlc']);
    expect(await store.query(`SELECT FROM pg_indexes WHERE indexname = 'snap_search_names'`)).toHaveLength(1);
    expect(await store.context.get(SearchIndexer).catchUp()).toBe(0);
  });

  it('is enough without pg_trgm, but for what is typed wrongly', async () => {
    expect(await names('q=firefxo')).toEqual(['firefox']);
    await store.query('DROP EXTENSION pg_trgm CASCADE');
    const other = await openTestStore({ uri: database.uri, authority, dataDir: store.dataDir });
    try {
      expect(await names('q=firefox', other)).toEqual(['firefox']);
      expect(await names('q=fire', other)).toEqual(['firefox']);
      expect(await names('q=firefxo', other)).toEqual([]);
      expect(await other.context.get(SearchHealth).state()).toEqual({ forgivesTyping: false, isComplete: true });
      expect(await other.context.get(SearchIndexer).catchUp()).toBe(0);
    } finally {
      await other.close();
    }
  });
});
