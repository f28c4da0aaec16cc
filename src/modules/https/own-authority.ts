import { X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { Clock } from '../../kernel/clock.js';
import { AdvisoryLocks } from '../../platform/database/advisory-lock.js';
import { Transaction } from '../../platform/database/transaction.js';
import { Sealing } from '../../platform/sealing/index.js';
import { CertificateAuthorityRepository } from './certificate-authority.repository.js';
import type { CertificateWithKey } from './issue.js';

const PURPOSE = 'certificate-authority';
/** An authority that ends sooner is no good to devices that are told of it today. */
const NEEDED_DAYS = 365;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The store's own small authority. It is kept, so that devices which trust it trust every later certificate of it too. */
@Injectable()
export class OwnAuthority {
  constructor(
    private readonly repository: CertificateAuthorityRepository,
    private readonly sealing: Sealing,
    private readonly locks: AdvisoryLocks,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /**
   * The one that is there or, where there is none that lasts another year, a new one.
   * @returns also whether it is new: then devices have to be told
   * @throws SealBrokenError where the key of the one that is there cannot be opened
   */
  async obtain(domain: string): Promise<CertificateWithKey & { readonly isNew: boolean }> {
    return this.transaction.run(async () => {
      // Two commands at once end up with one authority.
      await this.locks.holdForTransaction(this.transaction.manager, PURPOSE, 'exclusive');
      const kept = await this.repository.newest();
      if (kept !== null && this.lastsLongEnough(kept.certificatePem)) {
        const key = await this.sealing.unseal(kept.sealedKey, PURPOSE);
        return { certPem: kept.certificatePem, keyPem: key.toString('utf8'), isNew: false };
      }
      const { issueAuthority } = await import('./issue.js');
      const made = await issueAuthority(domain, this.clock.now());
      await this.repository.add(made.certPem, await this.sealing.seal(Buffer.from(made.keyPem), PURPOSE));
      return { ...made, isNew: true };
    });
  }

  private lastsLongEnough(pem: string): boolean {
    const end = new Date(new X509Certificate(pem).validTo).getTime();
    return end - this.clock.now().getTime() > NEEDED_DAYS * DAY_MS;
  }
}
