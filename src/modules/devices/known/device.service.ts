import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { DeviceName } from '../device-name.js';
import { DeviceNotKnownError } from '../devices.errors.js';
import type { Device } from './device.entity.js';
import { type DeviceFilter, DeviceRepository } from './device.repository.js';

interface KnownDevices {
  readonly devices: readonly Device[];
  /** How many there are in all, beyond those that were asked for. */
  readonly count: number;
}

/** What an operator sees of the devices that have sessions, and decides about them. */
@Injectable()
export class DeviceService {
  constructor(
    private readonly devices: DeviceRepository,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  async list(filter: DeviceFilter, limit: number): Promise<KnownDevices> {
    const devices = await this.devices.list(filter, limit);
    return { devices, count: devices.length < limit ? devices.length : await this.devices.count(filter) };
  }

  /** @throws DeviceNotKnownError */
  async show(name: DeviceName): Promise<Device> {
    const device = await this.devices.find(name);
    if (device === null) throw new DeviceNotKnownError(name);
    return device;
  }

  /**
   * From now on the device's sessions are not valid, in any process of the store, and it gets no other, whatever serial it comes
   * with. Again changes nothing.
   * @throws DeviceNotKnownError
   */
  revoke(name: DeviceName): Promise<Device> {
    return this.transaction.run(async () => {
      const device = await this.show(name);
      if (device.revokedAt === null) await this.devices.revoke(name, this.clock.now());
      return this.show(name);
    });
  }

  /**
   * Nothing is known of the device any more, its revocation included: it is taken as any other when it comes again.
   * @throws DeviceNotKnownError
   */
  forget(name: DeviceName): Promise<void> {
    return this.transaction.run(async () => {
      if (!(await this.devices.forget(name))) throw new DeviceNotKnownError(name);
    });
  }
}
