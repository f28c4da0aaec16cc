import { Injectable } from '@nestjs/common';

import type { DeviceName } from '../device-name.js';
import { DeviceRepository } from './device.repository.js';

/** In one statement. */
const CHUNK = 1_000;
/** Of a process that never writes down what it noted. */
const MAX_NOTED = 100_000;

interface Sighting {
  readonly name: DeviceName;
  readonly at: Date;
}

/** When devices were last here: noted in memory with every request, written down together. */
@Injectable()
export class LastSeen {
  private noted = new Map<DeviceName, Sighting>();

  constructor(private readonly devices: DeviceRepository) {}

  /** @param name the same object for each request of a session, by which it is found without putting a text together */
  note(name: DeviceName, at: Date): void {
    if (this.noted.size < MAX_NOTED || this.noted.has(name)) this.noted.set(name, { name, at });
  }

  async flush(): Promise<void> {
    const sightings = latest(this.noted.values());
    this.noted = new Map();
    for (let start = 0; start < sightings.length; start += CHUNK) {
      await this.devices.see(sightings.slice(start, start + CHUNK));
    }
  }
}

/** One for each device, which may have had several sessions; in one order, so that two who write do not wait for each other. */
function latest(sightings: Iterable<Sighting>): Sighting[] {
  const byName = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const key = sighting.name.toString();
    const known = byName.get(key);
    if (known === undefined || known.at < sighting.at) byName.set(key, sighting);
  }
  return [...byName].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sighting]) => sighting);
}
