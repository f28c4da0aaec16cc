import { Injectable } from '@nestjs/common';

import { WatchedCache } from '../../../platform/cache/watched-cache.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { DeviceRepository, DEVICES_TOPIC } from '../known/device.repository.js';
import type { ProvenDevice } from '../sessions/session-token.js';
import { SnapRestrictionRepository } from './snap-restriction.repository.js';
import { SnapRestrictions } from './snap-restrictions.js';

/** What an operator has decided about devices, as of one moment. */
export interface Rules {
  readonly restrictions: SnapRestrictions;
  readonly revoked: RevokedDevices;
}

export class RevokedDevices {
  private readonly names: ReadonlySet<string>;
  private readonly keys: ReadonlySet<string>;

  constructor(devices: readonly ProvenDevice[]) {
    this.names = new Set(devices.map(({ name }) => name.toString()));
    this.keys = new Set(devices.map(({ keyId }) => keyId));
  }

  get isEmpty(): boolean {
    return this.names.size === 0;
  }

  has({ name, keyId }: ProvenDevice): boolean {
    return !this.isEmpty && (this.keys.has(keyId) || this.names.has(name.toString()));
  }
}

/** The rules in memory, read again when somebody has changed them. */
@Injectable()
export class AdmissionRules {
  private readonly remembered: WatchedCache<Rules>;

  constructor(
    private readonly restrictions: SnapRestrictionRepository,
    private readonly devices: DeviceRepository,
    changes: ChangeFeed,
  ) {
    this.remembered = new WatchedCache(changes, {
      // One thing, whatever its size.
      maxBytes: 1,
      maxEntries: 1,
      sizeOf: () => 1,
      isStaleAfter: ({ topic }) => topic === DEVICES_TOPIC,
    });
  }

  /** At once, unless they are read for the first time or have changed. */
  current(): Rules | Promise<Rules> {
    return this.remembered.get('', () => this.load());
  }

  private async load(): Promise<Rules> {
    const [restrictions, revoked] = [await this.restrictions.all(), await this.devices.revoked()];
    return {
      restrictions: new SnapRestrictions(restrictions),
      revoked: new RevokedDevices(revoked),
    };
  }
}
