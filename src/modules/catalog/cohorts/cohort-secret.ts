import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { Settings } from '../../../platform/config/settings.js';
import { SettingsService } from '../../../platform/config/settings.service.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';

const SETTING = 'proxy.cohorts.secret';
const BYTES = 32;

/** What cohort keys are signed with: a setting, made when the first key is, and the same for every process of the store. */
@Injectable()
export class CohortSecret {
  private opened: { readonly from: string; readonly secret: Buffer } | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly service: SettingsService,
    private readonly locks: AdvisoryLocks,
    private readonly transaction: Transaction,
  ) {}

  /** Null where there is none yet, and so no key either. @throws SealBrokenError */
  async current(): Promise<Buffer | null> {
    const from = this.settings.get(SETTING);
    if (from !== null && from === this.opened?.from) return this.opened.secret;
    const text = await this.service.secret(SETTING);
    if (from === null || text === null) return null;
    const secret = Buffer.from(text);
    this.opened = { from, secret };
    return secret;
  }

  /** @throws SealBrokenError */
  async orNew(): Promise<Buffer> {
    return (await this.current()) ?? (await this.make());
  }

  /** Two processes may come here at once; the second finds what the first has made. */
  private make(): Promise<Buffer> {
    return this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, SETTING, 'exclusive');
      await this.service.reload();
      const made = await this.service.secret(SETTING);
      if (made !== null) return Buffer.from(made);
      const secret = randomBytes(BYTES).toString('base64url');
      await this.service.change(new Map([[SETTING, secret]]));
      return Buffer.from(secret);
    });
  }
}
