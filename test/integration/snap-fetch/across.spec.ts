import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { holdingsOfBundle, openBytes, readBundle, type BundleManifest } from '../../../src/formats/bundle/index.js';
import { StoreVerifier } from '../../../src/modules/integrity/index.js';
import { FetchPlanner, type FetchRequest } from '../../../src/modules/snap-fetch/index.js';
import { ImportService, type ImportReport } from '../../../src/modules/snap-import/index.js';
import { openTestConnectedSide, type TestConnectedSide } from '../../support/connected-side.js';
import { onlineStoreClient } from '../../support/online-store-client.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../../support/online-store.js';
import { png } from '../../support/pictures.js';
import { RunningStore } from '../../support/running-store.js';

type Json = Record<string, unknown>;

const icon = { type: 'icon', bytes: png('icon'), contentType: 'image/png', width: 64, height: 64 };
const says = {
  title: 'The jq',
  links: { website: ['https://jq.example'] },
  categories: [{ name: 'utilities', featured: true }],
};

/** What an online store says of a snap, its pictures and its components, all the way to a device behind the gap. */
describe('components and pictures, across the gap', () => {
  let connected: TestConnectedSide;
  let gapped: RunningStore;
  let online: EmulatedOnlineStore;
  let folder: string;

  beforeAll(async () => {
    gapped = await RunningStore.open();
    connected = await openTestConnectedSide(gapped.authority, null);
    online = await startOnlineStore({ authority: gapped.authority });
    folder = await mkdtemp(join(tmpdir(), 'across-'));
    await publish(1);
  });

  afterAll(async () => {
    await online.close();
    await connected.close();
    await gapped.close();
    await rm(folder, { recursive: true });
  });

  const publish = async (docs: number): Promise<void> => {
    const components = [{ name: 'docs', revision: docs, version: `${docs}.0` }];
    await online.publish({ name: 'jq', revision: 6, base: null, components, media: [icon], says });
  };

  async function carried(since: FetchRequest['since'] = []): Promise<{ path: string; manifest: BundleManifest }> {
    const request: FetchRequest = {
      packages: [
        {
          name: 'jq',
          components: ['docs'],
          channels: [],
          architectures: null,
          revision: null,
          cohortKey: null,
          pushChannel: null,
        },
      ],
      models: [],
      validationSets: [],
      architectures: ['amd64'],
      areArchitecturesSaid: true,
      withPrerequisites: false,
      packing: 'shared',
      since,
    };
    const store = onlineStoreClient(online.url, {});
    const { signal } = new AbortController();
    try {
      const { plan } = await new FetchPlanner(store).plan(request, { signal, onAsk: () => undefined });
      const tool = { name: 'test', version: '1' };
      const exportDir = await mkdtemp(join(folder, 'out-'));
      const [bundle] = await connected.fetching.carry(plan, {
        store,
        exportDir,
        jobs: 2,
        splitBytes: null,
        tool,
        signal,
      });
      const path = bundle?.paths[0] ?? '';
      for await (const part of readBundle(openBytes(path), { file: path, blobsCheckedBy: 'nobody' }))
        if (part.kind === 'head') return { path, manifest: part.manifest };
      throw new Error(`${path} has no head`);
    } finally {
      await store.close();
    }
  }

  const push = async (path: string): Promise<ImportReport> => {
    const [report] = await gapped.operator.context.get(ImportService).importPath(path);
    return report!;
  };
  const offered = async (): Promise<Json> => {
    const actions = [{ action: 'install', 'instance-key': 'i', name: 'jq', epoch: null }];
    const reply = await gapped.ask('/v2/snaps/refresh', {
      method: 'POST',
      headers: { 'snap-device-architecture': 'amd64', 'content-type': 'application/json' },
      body: JSON.stringify({ actions, fields: ['resources'] }),
    });
    return (reply.json() as { results: { snap: Json }[] }).results[0]!.snap;
  };
  const fileAt = async (url: unknown): Promise<Buffer> => (await gapped.ask(String(url).slice(gapped.url.length))).body;

  it('reach a device as the online store has them, and later what is new of them', async () => {
    const first = await carried();
    expect(await push(first.path)).toMatchObject({
      components: [{ component: 'docs', revision: 1, outcome: 'added' }],
      media: [{ outcome: 'added' }],
      notes: [],
    });
    const snap = await offered();
    expect(snap).toMatchObject({ ...says, media: [{ type: 'icon', width: 64, height: 64 }] });
    expect(snap.resources).toMatchObject([{ type: 'component/standard', name: 'docs', revision: 1, version: '1.0' }]);
    const [picture] = snap.media as { url: string }[];
    expect((await fileAt(picture!.url)).equals(icon.bytes)).toBe(true);
    const [resource] = snap.resources as { download: { url: string; size: number } }[];
    expect((await fileAt(resource!.download.url)).length).toBe(resource!.download.size);

    await publish(2);
    const second = await carried([holdingsOfBundle(first.path, first.manifest)]);
    expect(second.manifest.media).toEqual([]);
    expect(await push(second.path)).toMatchObject({
      revisions: [{ revision: 6, outcome: 'unchanged' }],
      components: [{ component: 'docs', revision: 2, outcome: 'added' }],
      media: [],
      notes: [],
    });
    await expect.poll(async () => (await offered()).resources).toMatchObject([{ name: 'docs', revision: 2 }]);
    expect(await offered()).toMatchObject({ ...says, media: [{ type: 'icon' }] });
    expect(await gapped.operator.context.get(StoreVerifier).verify()).toMatchObject({
      isSound: true,
      files: { orphaned: [] },
      components: { checked: 2, problems: [] },
      pictures: { checked: 1, problems: [] },
    });
  });
});
