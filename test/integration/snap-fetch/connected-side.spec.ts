import { createPublicKey, verify } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openConnectedSide } from '../../../src/connected-side.js';
import type { ConnectedSide } from '../../../src/connected-side.js';
import { KeyService, SigningService } from '../../../src/modules/keys/index.js';
import { BundleSigning } from '../../../src/modules/keys/offline.js';
import { DataDirectory } from '../../../src/platform/config/data-directory.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { Transaction } from '../../../src/platform/database/transaction.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { Sealing } from '../../../src/platform/sealing/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { openTestConnectedSide } from '../../support/connected-side.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

const authority = TestAuthority.create();

describe('the connected side', () => {
  let database: TestDatabase;
  let store: TestStore;

  beforeAll(async () => {
    database = await createTestDatabase();
    store = await openTestStore({ uri: database.uri, authority });
  });

  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const open = (uri = database.uri): Promise<ConnectedSide> =>
    openConnectedSide({
      dataDir: store.dataDir,
      settings: new Settings({ flag: new Map([['proxy.db.connection', uri]]) }),
      loggers: LoggerFactory.silent(),
    });

  it('needs no database, and makes none', async () => {
    const side = await openTestConnectedSide(authority, null);
    try {
      expect(() => {
        side.mode.mustBeOff('fetching snaps');
      }).not.toThrow();
      await expect(access(join(side.dataDir, 'database'))).rejects.toThrow();
    } finally {
      await side.close();
    }
  });

  it('brings an empty database up to date, as every command does', async () => {
    const empty = await createTestDatabase();
    const side = await openTestConnectedSide(authority, empty.uri);
    await side.close();
    const again = await openTestStore({ uri: empty.uri, authority });
    expect(await again.context.get(KeyService).list()).toEqual([]);
    await again.close();
    await empty.drop();
  });

  it('says where a database is that cannot be reached', async () => {
    await expect(open('postgresql://nobody@127.0.0.1:1/none')).rejects.toMatchObject({
      code: 'database-unreachable',
      details: { where: 'postgresql://127.0.0.1:1/none' },
    });
  });

  it('goes by the settings that the store keeps', async () => {
    await store.context.get(SettingsService).change(new Map([['proxy.upstream', 'https://upstream.example']]));
    const side = await open();
    expect(side.settings.get('proxy.upstream')).toBe('https://upstream.example');
    await side.close();
  });

  it('signs with the active signer as the store itself does, and with one that was retired meanwhile no more', async () => {
    const keys = store.context.get(KeyService);
    const { signer } = await keys.generate();
    const database = store.context.get(Transaction).manager;
    const signing = new BundleSigning(database, new Sealing(new Settings({}), new DataDirectory(store.dataDir)));
    const ours = await signing.manifestSigner();
    const theirs = await store.context.get(SigningService).manifestSigner();
    expect(ours).toMatchObject({ keyId: signer.id, publicKey: theirs?.publicKey });
    const bytes = Buffer.from('a manifest');
    const signature = await ours!.sign(bytes);
    expect(verify(null, bytes, createPublicKey(signer.publicPem), signature)).toBe(true);
    await keys.retire(signer.id);
    await expect(ours!.sign(bytes)).rejects.toMatchObject({ code: 'key-retired' });
    expect(await signing.manifestSigner()).toBeNull();
  }, 60_000);

  it('does nothing for a store in air-gapped mode', async () => {
    const { manager } = store.context.get(Transaction);
    await manager.query(`INSERT INTO snap_store.airgap_event (state, by_user, host) VALUES ('on', 'test', 'here')`);
    const side = await open();
    expect(() => {
      side.mode.mustBeOff('fetching snaps');
    }).toThrow(/air-gapped/);
    await side.close();
  });
});
