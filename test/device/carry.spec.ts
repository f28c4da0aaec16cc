import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { decodeAssertionStream } from '../../src/formats/assertion/index.js';
import { inspectSnap } from '../../src/formats/snap-file/index.js';
import { FileAccess } from '../../src/formats/squashfs/index.js';
import { type EmulatedOnlineStore, startOnlineStore } from '../support/online-store.js';
import { testRoot } from './support/client.js';
import type { Device } from './support/device.js';
import { Fakestore } from './support/fakestore.js';
import { Lab } from './support/lab.js';
import { snapIdOf } from './support/snap-maker.js';
import { StoreProcess } from './support/store-process.js';

const KIB = 1024;

interface Fetched {
  readonly bundles: readonly { readonly name: string; readonly carried: { readonly paths: readonly string[] } }[];
}

/** The connected side: a machine of its own, which trusts the same root and asks that store. */
class ConnectedSide {
  private constructor(
    private readonly machine: StoreProcess,
    private readonly folder: string,
  ) {}

  static async open(lab: Lab, name: string, upstream: string): Promise<ConnectedSide> {
    const folder = join(lab.folder, name);
    await mkdir(folder);
    const machine = await StoreProcess.inFolder(folder);
    await machine.trustTestRoot();
    await machine.must('config', `proxy.upstream=${upstream}`);
    return new ConnectedSide(machine, folder);
  }

  /** @returns the files to carry */
  async fetch(...args: string[]): Promise<string[]> {
    const said = await this.machine.must(
      ...['fetch-snaps', '--architecture', 'amd64', '--export-dir', this.folder, '--format', 'json', ...args],
    );
    return (JSON.parse(said) as Fetched).bundles.flatMap(({ carried }) => carried.paths);
  }

  async close(): Promise<void> {
    await this.machine.destroy();
  }
}

async function yamlIn(snap: string): Promise<string> {
  const file = await open(snap);
  try {
    return (await inspectSnap(await FileAccess.of(file))).yamlText;
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}

describe('snaps are fetched from an online store, carried across, and installed by a device', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  describe("from snapd's own test store", () => {
    let upstream: Fakestore;
    let connected: ConnectedSide;
    let device: Device;
    /** Small ones beside jq, so that leaving them out shows. */
    const others = Array.from({ length: 19 }, (_, index) => `other-${String.fromCharCode(97 + index)}`);

    beforeAll(async () => {
      upstream = await Fakestore.start(lab.folder);
      for (const snap of await lab.snaps.essentials()) await upstream.offer(snap);
      await upstream.offer(await lab.snaps.make('jq', 6, { sizeBytes: 300 * KIB }));
      const pairs = await Promise.all(others.map((name) => lab.snaps.make(name, 1, { sizeBytes: 100 * KIB })));
      for (const pair of pairs) await upstream.offer(pair);
      connected = await ConnectedSide.open(lab, 'connected-fakestore', upstream.url);
      device = await lab.device();
    });
    afterAll(async () => {
      await connected.close();
      await upstream.close();
    });

    it('one file is enough for a device with nothing installed', async () => {
      const files = await connected.fetch('jq');
      expect(files).toHaveLength(1);
      await lab.store.must('push-snap', ...files);
      expect(await device.must('snap install jq')).toBe('jq 6.0 from Testrootorg** installed\n');
      expect(Object.keys(await device.installed())).toEqual(['core22', 'jq', 'snapd']);
    });

    it('what the store holds by its inventory is not carried again when one of twenty snaps has changed', async () => {
      await lab.store.must('push-snap', ...(await connected.fetch('--single-bundle', 'jq', ...others)));
      const inventory = join(lab.folder, 'inventory.json');
      await lab.store.must('inventory', '--output', inventory);
      const seven = await lab.snaps.make('jq', 7, { sizeBytes: 400 * KIB });
      await upstream.offer(seven);
      const files = await connected.fetch('--single-bundle', '--since', inventory, '--', 'jq', ...others);
      expect(files).toHaveLength(1);
      expect(await sizeOf(files[0] ?? '')).toBeLessThan((await sizeOf(seven)) + 256 * KIB);
      await lab.store.must('push-snap', ...files);
      expect(await device.must('snap refresh')).toBe('jq 7.0 from Testrootorg** refreshed\n');
      expect(await device.must('snap install other-s')).toBe('other-s 1.0 from Testrootorg** installed\n');
    });
  });

  describe('from an online store as the real one is', () => {
    let upstream: EmulatedOnlineStore;
    let connected: ConnectedSide;

    beforeAll(async () => {
      upstream = await startOnlineStore();
      for (const path of [testRoot.account, testRoot.accountKey, testRoot.storeAccountKey]) {
        upstream.offerAssertions(await decodeAssertionStream(await readFile(path)));
      }
      const provider = 'base: core24\nslots:\n  data:\n    interface: content\n    content: %\n    read: [/]';
      const app = [
        'base: core22\napps:\n  viewer:\n    command: bin/viewer',
        ...['themes', 'codecs'].map(
          (content) =>
            `  ${content}:\n    interface: content\n    content: ${content}\n    target: $SNAP/${content}\n    default-provider: lab-${content}`,
        ),
      ];
      app.splice(1, 0, 'plugs:');
      await publish('core22', 1);
      await publish('core24', 1, 'type: base');
      await publish('snapd', 1);
      await publish('lab-themes', 3, provider.replace('%', 'themes'));
      await publish('lab-codecs', 4, provider.replace('%', 'codecs'));
      await publish('viewer', 9, app.join('\n'));
      connected = await ConnectedSide.open(lab, 'connected-online', upstream.url);
    });
    afterAll(async () => {
      await connected.close();
      await upstream.close();
    });

    async function publish(name: string, revision: number, yaml?: string): Promise<void> {
      const snap = await lab.snaps.make(name, revision, yaml === undefined ? {} : { yaml });
      const [content, stream] = await Promise.all([readFile(snap), readFile(snap.replace(/\.snap$/, '.assert'))]);
      const type = name === 'snapd' ? 'snapd' : name.startsWith('core') ? 'base' : 'app';
      const base = type !== 'app' ? null : name === 'viewer' ? 'core22' : 'core24';
      const snapYaml = await yamlIn(snap);
      await upstream.publish({ name, revision, snapId: snapIdOf(name), content, stream, type, base, snapYaml });
    }

    it('a snap comes with its base, its content providers and their bases: no second trip', async () => {
      const fresh = await Lab.open();
      try {
        await fresh.store.must('push-snap', ...(await connected.fetch('viewer')));
        const device = await fresh.device();
        expect(await device.must('snap install viewer')).toBe('viewer 9.0 from Testrootorg** installed\n');
        const installed = Object.keys(await device.installed());
        expect(installed).toEqual(['core22', 'core24', 'lab-codecs', 'lab-themes', 'snapd', 'viewer']);
        expect(await device.must('snap connections viewer')).toMatch(
          /content\[themes\] +viewer:themes +lab-themes:data/,
        );
      } finally {
        await fresh.close();
      }
    });
  });
});
