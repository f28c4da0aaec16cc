import { Injectable } from '@nestjs/common';

import { Transaction } from '../../platform/database/transaction.js';
import { CertificateAuthority } from './certificate-authority.entity.js';

@Injectable()
export class CertificateAuthorityRepository {
  constructor(private readonly transaction: Transaction) {}

  async newest(): Promise<CertificateAuthority | null> {
    const [newest] = await this.transaction.manager.find(CertificateAuthority, { order: { id: 'DESC' }, take: 1 });
    return newest ?? null;
  }

  async add(certificatePem: string, sealedKey: string): Promise<void> {
    await this.transaction.manager.insert(CertificateAuthority, { certificatePem, sealedKey });
  }
}
