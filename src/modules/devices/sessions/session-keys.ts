import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { SettingsService } from '../../../platform/config/settings.service.js';
import { Settings } from '../../../platform/config/settings.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { Transaction } from '../../../platform/database/transaction.js';

const SECRET = 'proxy.device-auth.secret';
const SECRET_BYTES = 32;

/** What is made with one of them is of no use as the other. */
export interface SessionKeys {
  readonly nonces: Buffer;
  readonly tokens: Buffer;
}

/** The keys that `proxy.device-auth.secret` gives, which every process of the store has in common. */
@Injectable()
export class SessionKeySource {
  private derived: { readonly from: string; readonly keys: SessionKeys } | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly service: SettingsService,
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
  ) {}

  /** At once where they are known. @throws SealBrokenError */
  current(): SessionKeys | Promise<SessionKeys> {
    const { derived } = this;
    return derived !== null && derived.from === this.settings.get(SECRET) ? derived.keys : this.derive();
  }

  private async derive(): Promise<SessionKeys> {
    if (this.settings.get(SECRET) === null) await this.makeSecret();
    const from = this.settings.get(SECRET) ?? '';
    const secret = (await this.service.secret(SECRET)) ?? '';
    const keys = { nonces: derivedKey(secret, 'nonces'), tokens: derivedKey(secret, 'sessions') };
    this.derived = { from, keys };
    return keys;
  }

  /** Once for the whole store, whoever comes first. */
  private async makeSecret(): Promise<void> {
    await this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, SECRET, 'exclusive');
      await this.service.reload();
      if (this.settings.get(SECRET) !== null) return;
      await this.service.change(new Map([[SECRET, randomBytes(SECRET_BYTES).toString('base64url')]]));
    });
  }
}

function derivedKey(secret: string, purpose: string): Buffer {
  return createHmac('sha256', secret).update(`snap-store-proxy device ${purpose}`).digest();
}
