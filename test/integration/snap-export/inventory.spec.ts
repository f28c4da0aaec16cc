import { generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { holdingsOfInventory, readInventory, type StoreInventory } from '../../../src/formats/inventory/index.js';
import { Channel } from '../../../src/kernel/channel.js';
import { ReleaseService } from '../../../src/modules/catalog/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import { InventoryService, type TakenInventory } from '../../../src/modules/snap-export/index.js';
import { testSnapId } from '../../support/test-authority.js';
import { bundleOf, Scene, signed } from '../import/scene.js';

const scene = Scene.forEachTest();
const tool = { name: 'snap-store-proxy', version: '0.0.0-test' };

function take(given: { storeId?: string; signal?: AbortSignal } = {}): Promise<TakenInventory> {
  const { storeId = null, signal = new AbortController().signal } = given;
  return scene.store.context.get(InventoryService).take({ tool, storeId, signal, onProgress: () => undefined });
}

function lines({ snaps }: StoreInventory): string[] {
  return snaps.flatMap(({ name, channelMap, revisions }) => [
    ...revisions.map(({ revision, version, size, architectures }) => {
      return `${name} ${revision} ${version} ${size} ${architectures.join()}`;
    }),
    ...channelMap.map(({ architecture, channel, revision }) => {
      return `${name} ${channel.toString()} ${architecture} ${revision}`;
    }),
  ]);
}

async function pushTwoRevisions(): Promise<void> {
  const snaps = [
    { snap: signed('jq', 6), channels: ['latest/stable', 'latest/edge'] },
    { snap: signed('jq', 7), channels: ['latest/beta'] },
  ];
  await scene.import(await scene.bundle(bundleOf(snaps)));
}

describe('an inventory', () => {
  it('says what is held and what channels hold, and is signed by the key of the store', async () => {
    await pushTwoRevisions();
    const releases = scene.store.context.get(ReleaseService);
    await releases.release('jq', 7, Channel.parse('stable'));
    await releases.close('jq', Channel.parse('beta'));
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    const signer = await scene.store.context.get(KeyService).importKey(Buffer.from(pem), null);
    const taken = await take({ storeId: 'mystore' });
    const read = readInventory(taken.bytes, 'x');
    expect(read.signer?.keyId).toBe(signer.id);
    expect(taken).toMatchObject({ signer: signer.id, leftOut: [] });
    expect(read.inventory).toMatchObject({ storeId: 'mystore', tool, snaps: [{ snapId: testSnapId('jq') }] });
    expect(lines(read.inventory)).toEqual([
      'jq 6 6.0 16384 amd64',
      'jq 7 7.0 16384 amd64',
      'jq latest/edge amd64 6',
      'jq latest/stable amd64 7',
    ]);
  });

  it('has the digests of what the bundles brought', async () => {
    const bundle = bundleOf([{ snap: signed('jq', 6) }, { snap: signed('yq', 1) }]);
    await scene.import(await scene.bundle(bundle));
    const { inventory } = await take();
    const held = holdingsOfInventory('x', inventory).revisions.map(({ name, digest }) => `${name} ${digest.hex}`);
    expect(held.sort()).toEqual(
      bundle.manifest.snaps.map(({ name, revisions }) => `${name} ${revisions[0]!.digest.hex}`).sort(),
    );
  });

  it('is not signed where the store has no key', async () => {
    const taken = await take();
    expect(taken.signer).toBeNull();
    expect(readInventory(taken.bytes, 'x')).toMatchObject({ signer: null, inventory: { snaps: [], storeId: null } });
  });

  it('leaves out what is missing or damaged, with the channels that hold it', async () => {
    await pushTwoRevisions();
    const [blob] = await scene.store.query<{ sha3_384: string }>(
      'SELECT sha3_384 FROM snap_store.snap_revision WHERE revision = 7',
    );
    const digest = blob!.sha3_384;
    await rm(join(scene.store.dataDir, 'blobs', digest.slice(0, 2), digest));
    const taken = await take();
    expect(taken.leftOut).toEqual([{ name: 'jq', component: null, revision: 7 }]);
    expect(lines(taken.inventory)).toEqual([
      'jq 6 6.0 16384 amd64',
      'jq latest/edge amd64 6',
      'jq latest/stable amd64 6',
    ]);
  });

  it('stops when it is told to', async () => {
    await pushTwoRevisions();
    await expect(take({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });
});
