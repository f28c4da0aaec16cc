import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { prepareClient } from './client.js';
import { Device, type DeviceOptions } from './device.js';
import { SnapMaker } from './snap-maker.js';
import { StoreProcess } from './store-process.js';

/** One running store, the snaps that were made for it, and its devices: what a spec file works with. */
export class Lab {
  private readonly devices = new Set<Device>();

  private constructor(
    /** A folder for whatever a test writes; gone when the lab is closed. */
    readonly folder: string,
    readonly store: StoreProcess,
    readonly snaps: SnapMaker,
  ) {}

  /**
   * Opens a lab with a store that is running and empty.
   * @param settings `KEY=VALUE` that it starts with
   */
  static async open(settings: readonly string[] = []): Promise<Lab> {
    await prepareClient();
    const folder = await mkdtemp(join(tmpdir(), 'snap-store-device-'));
    // The embedded database gives up root's rights and has to get through to its files.
    await chmod(folder, 0o755);
    const pairs = join(folder, 'pairs');
    await mkdir(pairs);
    const store = await StoreProcess.inFolder(folder);
    const lab = new Lab(folder, store, new SnapMaker(pairs));
    try {
      await store.trustTestRoot();
      if (settings.length > 0) await store.must('config', ...settings);
      await store.start();
      return lab;
    } catch (error) {
      await lab.close().catch(() => undefined);
      throw error;
    }
  }

  /** A new device that is sent to this lab's store, or to what stands in front of it, or (null) not sent anywhere. */
  async device(options: DeviceOptions & { readonly storeUrl?: string | null } = {}): Promise<Device> {
    const { storeUrl = this.store.url, ...others } = options;
    const device = await Device.start(this.folder, storeUrl, others);
    this.devices.add(device);
    return device;
  }

  async closeDevices(): Promise<void> {
    await Promise.all([...this.devices].map((device) => device.close()));
    this.devices.clear();
  }

  async close(): Promise<void> {
    try {
      await this.closeDevices();
      await this.store.destroy();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
