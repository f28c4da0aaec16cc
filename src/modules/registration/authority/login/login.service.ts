import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import type { Macaroon } from '../../../../formats/macaroon/index.js';
import { Clock } from '../../../../kernel/clock.js';
import { type Logger, LoggerFactory } from '../../../../platform/logging/logger.js';
import { hashPassword, verifyPassword } from '../../../../platform/passwords/index.js';
import { Sealing } from '../../../../platform/sealing/index.js';
import {
  AuthorizationInvalidError,
  CredentialsInvalidError,
  SecondFactorRequiredError,
  SecondFactorWrongError,
  TooManyRequestsError,
} from '../authority.errors.js';
import { AuthorityRepository } from '../authority.repository.js';
import type { AuthorityOperator } from '../entities/authority-operator.entity.js';
import { normalizedEmail, totpPurpose } from '../operator.service.js';
import { type Attempt, LoginThrottle } from './login-throttle.js';
import { AuthorityMacaroons } from './macaroons.js';
import { Queue } from '../../../../kernel/queue.js';
import { totpStep } from './totp.js';

/** Each costs 32 MiB and a tenth of a second on one core. */
const CHECKS_AT_ONCE = 2;
const CHECKS_WAITING = 50;

export interface LoginRequest {
  readonly email: string;
  readonly password: string;
  readonly otp: string | null;
  readonly caveatId: string;
  /** Where it came from. */
  readonly address: string;
  /** Of this server, as the client addresses it. */
  readonly location: string;
}

/** The identity provider: gives a discharge to whoever proves to be an operator. */
@Injectable()
export class LoginService {
  private readonly throttle: LoginThrottle;
  private readonly checks = new Queue(CHECKS_AT_ONCE, CHECKS_WAITING);
  private readonly log: Logger;
  /** Fits no password; checked where there is no account, so that this takes as long. */
  private readonly nobodysHash = hashPassword(randomBytes(16).toString('hex'));

  constructor(
    private readonly repository: AuthorityRepository,
    private readonly macaroons: AuthorityMacaroons,
    private readonly sealing: Sealing,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.throttle = new LoginThrottle(clock);
    this.log = loggers.named('authority');
  }

  /**
   * @throws CredentialsInvalidError, SecondFactorRequiredError, SecondFactorWrongError, TooManyRequestsError,
   *   AuthorizationInvalidError for a caveat that is not ours
   */
  async logIn(request: LoginRequest): Promise<Macaroon> {
    const email = normalizedEmail(request.email);
    const operator = await this.repository.operatorNamed(email);
    const attempt: Attempt = { email, isKnown: operator !== null, address: request.address };
    const who = { email: email.slice(0, 254), address: request.address };
    try {
      this.throttle.begin(attempt);
      const proven = await this.prove(request, operator, attempt);
      const discharge = await this.macaroons.discharge(request.caveatId, proven.accountId, request.location);
      if (discharge === null) throw new AuthorizationInvalidError('the caveat is of no macaroon of this authority');
      this.log.info({ ...who, account: proven.accountId }, 'an operator logged in');
      return discharge;
    } catch (error) {
      this.log.warn({ ...who, reason: error instanceof Error ? error.message : String(error) }, 'a log-in failed');
      throw error;
    }
  }

  private async prove(
    request: LoginRequest,
    operator: AuthorityOperator | null,
    attempt: Attempt,
  ): Promise<AuthorityOperator> {
    const hash = operator?.passwordHash ?? (await this.nobodysHash);
    const isRight = await this.checks.run(() => verifyPassword(request.password, hash));
    if (isRight === null) {
      this.throttle.takeBack(attempt);
      throw new TooManyRequestsError(1);
    }
    if (!isRight || operator === null) throw new CredentialsInvalidError();
    if (operator.totpSecret !== null) await this.proveSecondFactor(operator, operator.totpSecret, request.otp, attempt);
    this.throttle.succeed(attempt);
    return operator;
  }

  private async proveSecondFactor(
    { accountId }: AuthorityOperator,
    sealed: string,
    otp: string | null,
    attempt: Attempt,
  ): Promise<void> {
    if (otp === null) {
      this.throttle.takeBack(attempt);
      throw new SecondFactorRequiredError();
    }
    const secret = await this.sealing.unseal(sealed, totpPurpose(accountId));
    const step = totpStep(secret, otp, this.clock.now());
    if (step === null || !(await this.repository.takeTotpStep(accountId, step))) throw new SecondFactorWrongError();
  }
}
