import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Sha3_384 } from '../../../kernel/digest.js';
import { loadBootstrapSettings } from '../../../platform/config/load-settings.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../../../test/support/online-store.js';
import { TestAuthority } from '../../../../test/support/test-authority.js';
import { connectOnlineStore, type OnlineStore, type StoreDownload, UpstreamAnswerError } from '../../upstream/index.js';
import { readRemoteSnapYaml } from './remote-snap-yaml.js';

const MiB = 1024 * 1024;

describe(readRemoteSnapYaml.name, () => {
  let emulated: EmulatedOnlineStore;
  let store: OnlineStore;
  let large: StoreDownload;
  const options = { signal: new AbortController().signal };

  beforeAll(async () => {
    emulated = await startOnlineStore({ authority: TestAuthority.create() });
    const configFile = new Map([['proxy.upstream', emulated.url]]);
    const settings = await loadBootstrapSettings({ dataDir: '/nonexistent', configFile, flags: new Map() });
    store = connectOnlineStore(
      settings,
      { mayCallOut: () => undefined, userAgent: 'test', retries: { tries: 1 } },
      { auth: null, storeId: null },
    );
    large = await offered('jq', 24 * MiB);
  });

  afterAll(async () => {
    await store.close();
    await emulated.close();
  });

  async function offered(name: string, sizeBytes: number): Promise<StoreDownload> {
    const { path, content } = await emulated.publish({ name, revision: 6, sizeBytes });
    return { url: `${emulated.url}${path}`, size: content.length, digest: Sha3_384.fromHex('0'.repeat(96)) };
  }

  it('reads it in a file of which most is not received', async () => {
    expect(await readRemoteSnapYaml(store, large, options)).toMatch(/^name: jq\nversion: "6\.0"\n/);
    expect(emulated.sentBytes(new URL(large.url).pathname)).toBeLessThan(16 * MiB);
  });

  it('does not know where the file is none', async () => {
    emulated.offerFile('/files/words', Buffer.alloc(20_000, 'words '));
    const download = { ...large, url: `${emulated.url}/files/words`, size: 20_000 };
    expect(await readRemoteSnapYaml(store, download, options)).toBeNull();
  });

  it('does not know where the file is shorter than the store says', async () => {
    emulated.offerFile('/files/start', Buffer.from('hsqs'));
    expect(await readRemoteSnapYaml(store, { ...large, url: `${emulated.url}/files/start` }, options)).toBeNull();
  });

  it('fails as the store does', async () => {
    const download = { ...large, url: `${emulated.url}/files/nowhere` };
    await expect(readRemoteSnapYaml(store, download, options)).rejects.toThrow(UpstreamAnswerError);
  });
});
