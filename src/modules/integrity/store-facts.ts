import { Injectable } from '@nestjs/common';

import { IntegrityRepository } from './integrity.repository.js';

/** Facts about an installation that only the opened store can tell; `doctor` judges them. */
@Injectable()
export class StoreFacts {
  constructor(private readonly repository: IntegrityRepository) {}

  /** PostgreSQL's major version. */
  async databaseVersion(): Promise<number> {
    return Math.floor((await this.repository.serverVersion()) / 10_000);
  }

  /** When the youngest of the held assertions was made; null where none is held. */
  newestAssertion(): Promise<Date | null> {
    return this.repository.newestTimestamp();
  }
}
