import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { makeChain } from '../../../../test/support/certificates.js';
import { type ForwardProxy, startForwardProxy } from '../../../../test/support/forward-proxy.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../../../test/support/online-store.js';
import {
  bytesOf,
  found,
  onlineStoreClient,
  type TestClientOptions,
  wish,
} from '../../../../test/support/online-store-client.js';
import { TestAuthority } from '../../../../test/support/test-authority.js';
import type { HttpOnlineStore } from '../online-store/http-online-store.js';

const URL_OF_STORE = 'https://store.test';
const options = { signal: new AbortController().signal };
let folder: string;
let caFile: string;
let store: EmulatedOnlineStore;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connections-'));
  const { root, intermediate, leaf } = await makeChain({ name: 'store', dns: ['store.test'], ip: ['127.0.0.1'] });
  caFile = join(folder, 'ca.pem');
  await writeFile(caFile, root.pem);
  const tls = { key: leaf.keyPem, cert: `${leaf.pem}${intermediate.pem}` };
  store = await startOnlineStore({ authority: TestAuthority.create(), tls });
  await store.publish({ name: 'jq', revision: 6 });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  store.behave();
  for (const one of open.splice(0)) await one.close();
});

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function startProxy(credentials?: string): Promise<ForwardProxy> {
  const proxy = await startForwardProxy(store.url, credentials);
  open.push(proxy);
  return proxy;
}

function client(url: string, given: TestClientOptions = {}): HttpOnlineStore {
  const one = onlineStoreClient(url, given);
  open.unshift(one);
  return one;
}

describe('a certificate of an authority of one’s own', () => {
  it.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'])('is taken where %s names that', async (variable) => {
    vi.stubEnv(variable, caFile);
    const [answer] = await client(store.url).resolve([wish('jq')], options);
    expect(found(answer).revision.revision).toBe(6);
  });

  it('is not taken otherwise, and the store is not asked a second time', async () => {
    const pauses: unknown[] = [];
    const one = client(store.url, { retries: { onPause: (pause) => pauses.push(pause) } });
    await expect(one.resolve([wish('jq')], options)).rejects.toThrow('the authority behind its certificate is not');
    expect(pauses).toEqual([]);
  });
});

describe('a forward proxy', () => {
  it('is asked for the way to the store, for files too, and sees nothing of what is said', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', caFile);
    const { asked, host } = await startProxy('me:secret');
    const one = client(URL_OF_STORE, { proxy: `http://me:secret@${host}` });
    const [answer] = await one.resolve([wish('jq')], options);
    const path = new URL(found(answer).revision.download.url).pathname;
    expect((await bytesOf(await one.download(`${URL_OF_STORE}${path}`, 0, options))).length).toBe(16_384);
    expect(new Set(asked)).toEqual(new Set(['CONNECT store.test:443']));
  });

  it('that wants other credentials is named as the one who refuses, and they are not', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', caFile);
    const { host } = await startProxy('me:secret');
    const error = await client(URL_OF_STORE, { proxy: `http://me:hunter2@${host}` })
      .resolve([wish('jq')], options)
      .catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toContain('the proxy wants a user name and a password');
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('hunter2');
  });
});

describe('a way out of https', () => {
  it('is not taken, not even to this machine', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', caFile);
    const inClear = await startOnlineStore();
    open.push(inClear);
    inClear.offerFile('/jq.snap', Buffer.from('x'));
    store.misbehave('download', { kind: 'redirect', to: `${inClear.url}/jq.snap` });
    const one = client(store.url);
    const [answer] = await one.resolve([wish('jq')], options);
    await expect(one.download(found(answer).revision.download.url, 0, options)).rejects.toThrow('is not followed');
    await expect(one.download(`${inClear.url}/jq.snap`, 0, options)).rejects.toThrow('is not https');
    expect(inClear.requests).toEqual([]);
  });
});
