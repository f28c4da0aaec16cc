import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Assertion,
  decodeAssertionStream,
  encodeAssertionStream,
  signAssertion,
  SigningKey,
} from '../../../src/formats/assertion/index.js';
import { AssertionService } from '../../../src/modules/assertions/index.js';
import { type Reply, RunningStore, WAYS } from '../../support/running-store.js';
import { TestAuthority } from '../../support/test-authority.js';

const STREAM = 'application/x.ubuntu.assertion';
const authority = TestAuthority.create();
const SCRIPT = '#!/bin/sh\necho repaired\n';
const newKey = (): SigningKey => new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

/** The root of trust for repairs, and a key below it. */
const rootKey = newKey();
const dailyKey = newKey();

const accountKey = (name: string, key: SigningKey, signer?: SigningKey): Assertion => {
  const headers = { 'account-id': authority.id, name, 'public-key-sha3-384': key.id, since: '2020-01-01T00:00:00Z' };
  const given = { 'authority-id': authority.id, ...headers };
  if (signer === undefined) return authority.accountKeyFor(key, name);
  return signAssertion({
    type: 'account-key',
    headers: given,
    body: key.publicKey.encode(),
    key: signer,
    signedAt: new Date('2026-01-01T00:00:00Z'),
  });
};
const repairRoot = accountKey('repair-root', rootKey);
const daily = accountKey('repairs', dailyKey, rootKey);

const repair = (id: number, revision: number, key = dailyKey): Assertion =>
  signAssertion({
    type: 'repair',
    headers: {
      'authority-id': authority.id,
      'brand-id': authority.id,
      'repair-id': String(id),
      ...(revision === 0 ? {} : { revision: String(revision) }),
      summary: `repair ${id} – für alle`,
      architectures: ['amd64'],
      timestamp: '2026-01-01T00:00:00Z',
    },
    body: SCRIPT,
    key,
    signedAt: new Date('2026-01-01T00:00:00Z'),
  });

describe.each(WAYS)('repairs, by the %s', (way) => {
  let folder: string;
  let store: RunningStore;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'repair-roots-'));
    const file = join(folder, 'repair-root.assert');
    await writeFile(file, repairRoot.encoded);
    store = await RunningStore.open(way, { 'proxy.trust.repair-roots': file }, authority);
    await push(repair(1, 0), daily);
  });

  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const push = async (...assertions: Assertion[]): Promise<void> => {
    await store.operator.context.get(AssertionService).add(assertions);
  };
  const get = (path: string, headers: Record<string, string> = { accept: STREAM }): Promise<Reply> =>
    store.ask(`/v2/repairs/${path}`, { headers });

  it('come as a stream: the repair first, then the keys up to the root that devices have', async () => {
    const reply = await get(`${authority.id}/1`);
    expect([reply.status, reply.headers['content-type'], reply.headers.etag]).toEqual([200, STREAM, '"0"']);
    const stream = await decodeAssertionStream(reply.body);
    expect(stream.map(String)).toEqual([`repair/${authority.id}/1`, `account-key/${dailyKey.id}`]);
    expect(reply.body.equals(encodeAssertionStream([repair(1, 0), daily]))).toBe(true);
  });

  it('tell their headers alone to a device that looks first whether it is concerned', async () => {
    const reply = await get(`${authority.id}/1`, { accept: 'application/json' });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    expect(reply.json()).toEqual({
      headers: {
        type: 'repair',
        'authority-id': authority.id,
        'brand-id': authority.id,
        'repair-id': '1',
        architectures: ['amd64'],
        summary: 'repair 1 – für alle',
        timestamp: '2026-01-01T00:00:00Z',
        'body-length': String(SCRIPT.length),
        'sign-key-sha3-384': dailyKey.id,
      },
    });
  });

  it('are not sent again to a device that has this revision', async () => {
    const known = { accept: STREAM, 'if-none-match': '"0"' };
    const same = await get(`${authority.id}/1`, known);
    expect([same.status, same.body.length]).toEqual([304, 0]);
    await push(repair(1, 1));
    await expect.poll(async () => (await get(`${authority.id}/1`, known)).status).toBe(200);
    expect((await get(`${authority.id}/1`, { accept: STREAM, 'if-none-match': '"1"' })).status).toBe(304);
  });

  it.each(['/2', '/0', '/01', '/1/2', '/99999999999', '', '/', '/%31', '/1%00'])(
    'end with "not found" in the form that snapd reads: brand%s',
    async (rest) => {
      const reply = await get(`${authority.id}${rest}`);
      expect([reply.status, reply.headers['content-type']]).toEqual([404, 'application/json']);
      expect(reply.json()).toMatchObject({ 'error-list': [{ code: 'not-found' }] });
    },
  );

  it('are there as soon as they are pushed', async () => {
    expect((await get(`${authority.id}/2`)).status).toBe(404);
    await push(repair(2, 0, rootKey));
    await expect.poll(async () => (await get(`${authority.id}/2`)).status).toBe(200);
    expect(await decodeAssertionStream((await get(`${authority.id}/2`)).body)).toHaveLength(1);
  });

  it('are refused where an ordinary key signed them', async () => {
    const { key, accountKey: delegate } = authority.delegate();
    await expect(push(repair(3, 0, key), delegate)).rejects.toMatchObject({ reason: 'not-below-repair-root' });
    expect((await get(`${authority.id}/3`)).status).toBe(404);
  });
});
