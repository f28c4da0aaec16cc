import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { IssuedSerial } from '../entities/issued-serial.entity.js';
import { SerialNotKnownError } from '../model-service.errors.js';
import { type SerialFilter, SerialRepository } from './serial.repository.js';

const PAGE = 500;
const MAX_REASON = 500;

/** Which device was given which serial, and when. */
@Injectable()
export class SerialLogService {
  constructor(
    private readonly serials: SerialRepository,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /** In the order in which they were first given out. */
  async *list(filter: SerialFilter): AsyncGenerator<IssuedSerial> {
    for (let after = '0'; ;) {
      const page = await this.serials.page(filter, after, PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.id;
    }
  }

  /** @throws SerialNotKnownError */
  async get(brandId: string, model: string, serial: string): Promise<IssuedSerial> {
    const found = await this.serials.find(brandId, model, serial);
    if (found === null) throw new SerialNotKnownError(brandId, model, serial.slice(0, 200));
    return found;
  }

  /** Whether this store has given out the serial, and taken it back. */
  async isRevoked(brandId: string, model: string, serial: string): Promise<boolean> {
    const found = await this.serials.find(brandId, model, serial);
    return found !== null && found.revokedAt !== null;
  }

  /**
   * From now on neither the device nor anybody else gets this serial here. Doing it again changes nothing.
   * @param by the user of the operating system who asks for it
   * @throws SerialNotKnownError
   */
  async revoke(brandId: string, model: string, serial: string, by: string, reason: string): Promise<IssuedSerial> {
    return this.transaction.run(async () => {
      await this.serials.holdForTransaction();
      const held = await this.get(brandId, model, serial);
      if (held.revokedAt !== null) return held;
      const revocation = {
        revokedAt: this.clock.now(),
        revokedBy: by,
        revokedReason: reason.slice(0, MAX_REASON),
      };
      await this.serials.update(held.id, revocation);
      return this.get(brandId, model, serial);
    });
  }
}
