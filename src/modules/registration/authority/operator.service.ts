import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { hashPassword } from '../../../platform/passwords/index.js';
import { Sealing } from '../../../platform/sealing/index.js';
import { OperatorExistsError, OperatorUnfitError } from './authority.errors.js';
import { AuthorityRepository } from './authority.repository.js';
import { AuthorityService } from './authority.service.js';
import type { AuthorityOperator } from './entities/authority-operator.entity.js';
import { newTotpSecret } from './login/totp.js';
import { randomId } from './random-id.js';

const EMAIL = /^[^\s@\p{Cc}\p{Cf}]{1,64}@[^\s@\p{Cc}\p{Cf}]{1,189}$/u;
const MIN_PASSWORD = 8;
const MAX_PASSWORD = 1000;

export interface NewOperator {
  readonly email: string;
  readonly password: string;
  readonly hasSecondFactor: boolean;
  /** True: sets password and second factor of one who is there; the account stays. */
  readonly reset: boolean;
}

export interface OperatorInfo {
  readonly accountId: string;
  readonly email: string;
  readonly hasSecondFactor: boolean;
  readonly addedAt: Date;
}

/** Who may register stores. */
@Injectable()
export class OperatorService {
  constructor(
    private readonly repository: AuthorityRepository,
    private readonly authority: AuthorityService,
    private readonly sealing: Sealing,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  async list(): Promise<OperatorInfo[]> {
    return (await this.repository.operators()).map(infoOf);
  }

  /**
   * @returns the secret of the second factor too, which is told this once; null where there is none
   * @throws AuthorityMissingError, OperatorExistsError unless it is a reset, OperatorUnfitError
   */
  async add(operator: NewOperator): Promise<{ readonly operator: OperatorInfo; readonly totpSecret: Buffer | null }> {
    const email = checkedEmail(operator.email);
    checkPassword(operator.password);
    await this.authority.identity();
    const passwordHash = await hashPassword(operator.password);
    const totpSecret = operator.hasSecondFactor ? newTotpSecret() : null;
    const added = await this.transaction.run(async () => {
      await this.repository.holdForTransaction();
      const held = await this.repository.operatorNamed(email);
      if (held !== null && !operator.reset) throw new OperatorExistsError(email);
      const identity = held ?? (await this.newIdentity(email));
      const sealed = totpSecret === null ? null : await this.sealing.seal(totpSecret, totpPurpose(identity.accountId));
      const row: AuthorityOperator = { ...identity, passwordHash, totpSecret: sealed, totpStep: '0' };
      await this.repository.putOperator(row);
      return row;
    });
    return { operator: infoOf(added), totpSecret };
  }

  private async newIdentity(
    email: string,
  ): Promise<Pick<AuthorityOperator, 'accountId' | 'email' | 'account' | 'addedAt'>> {
    const accountId = randomId();
    const account = await this.authority.sign('account', {
      'account-id': accountId,
      'display-name': email,
      validation: 'unproven',
      timestamp: this.authority.now(),
    });
    return { accountId, email, account: account.encoded, addedAt: this.clock.now() };
  }
}

/** Addresses are compared without regard to case. */
export function normalizedEmail(email: string): string {
  return email.trim().toLowerCase().normalize('NFC');
}

export function totpPurpose(accountId: string): string {
  return `authority/totp/${accountId}`;
}

function checkedEmail(text: string): string {
  const email = normalizedEmail(text);
  if (EMAIL.test(email)) return email;
  throw new OperatorUnfitError(`"${email.slice(0, 100)}" is no e-mail address`);
}

function checkPassword(password: string): void {
  if (password.length >= MIN_PASSWORD && password.length <= MAX_PASSWORD) return;
  throw new OperatorUnfitError(`a password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
}

function infoOf({ accountId, email, totpSecret, addedAt }: AuthorityOperator): OperatorInfo {
  return { accountId, email, hasSecondFactor: totpSecret !== null, addedAt };
}
