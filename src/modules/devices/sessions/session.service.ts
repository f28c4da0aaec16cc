import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { InTurn } from '../../../kernel/in-turn.js';
import { Settings } from '../../../platform/config/settings.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { type Logger, LoggerFactory } from '../../../platform/logging/logger.js';
import { SerialLogService } from '../../model-service/index.js';
import { devicePolicy } from '../device-policy.js';
import { DeviceRevokedError, SessionRefusedError, TooManySessionRequestsError } from '../devices.errors.js';
import { DeviceRepository } from '../known/device.repository.js';
import { mintNonce, readNonce, type ValidNonce } from './nonce.js';
import { SessionKeySource } from './session-keys.js';
import { type Proof, SessionProof } from './session-proof.js';
import type { SessionRequest } from './session-request.js';
import { type ProvenDevice, writeSessionToken } from './session-token.js';
import { SpentNonceRepository } from './spent-nonce.repository.js';

export const SESSION_HOURS_SETTING = 'proxy.device-auth.session-hours';

const HOUR_MS = 3_600_000;
/** Whoever could not be told apart from a stranger soon tries again: what was missing may have been brought since. */
const ANONYMOUS_SESSION_MS = HOUR_MS;
/** Each takes a few milliseconds; snapd waits ten seconds. */
const MAX_WAITING = 500;

/** Gives devices their sessions. */
@Injectable()
export class SessionService {
  private readonly log: Logger;
  /** One at a time, so that strangers take neither all processors nor all connections to the database. */
  private readonly proofs = new InTurn();
  private waiting = 0;

  constructor(
    private readonly keys: SessionKeySource,
    private readonly proof: SessionProof,
    private readonly spent: SpentNonceRepository,
    private readonly devices: DeviceRepository,
    private readonly serials: SerialLogService,
    private readonly settings: Settings,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('devices');
  }

  async nonce(): Promise<string> {
    return mintNonce((await this.keys.current()).nonces, this.clock.now());
  }

  /**
   * A token for a device that proves who it is, once for each nonce. An open store gives one to a device that cannot be told
   * here too, which says nothing of it.
   * @param userAgent as the device says of itself; null where it says nothing
   * @throws SessionRefusedError, DeviceRevokedError, TooManySessionRequestsError
   */
  async open(request: SessionRequest, userAgent: string | null): Promise<string> {
    const keys = await this.keys.current();
    const nonce = readNonce(request.request.text('nonce'), keys.nonces, this.clock.now());
    if (nonce === null) throw new SessionRefusedError('the nonce is not one of this store, or its time is over');
    const proof = await this.prove(request);
    if (proof.device === null) return this.anonymous(request, proof.why, keys.tokens);
    await this.admit(proof.device, proof.authorityId, nonce, userAgent);
    const expiresAt = this.after(Number(this.settings.get(SESSION_HOURS_SETTING)) * HOUR_MS);
    return writeSessionToken({ device: proof.device, expiresAt }, keys.tokens);
  }

  private async prove(request: SessionRequest): Promise<Proof> {
    if (this.waiting >= MAX_WAITING) {
      throw new TooManySessionRequestsError('too many devices ask for sessions at once; try again in a minute');
    }
    this.waiting += 1;
    try {
      return await this.proofs.run(() => this.proof.of(request));
    } finally {
      this.waiting -= 1;
    }
  }

  private anonymous({ serial }: SessionRequest, why: string, key: Buffer): string {
    if (devicePolicy(this.settings) === 'required') throw new SessionRefusedError(why);
    this.log.info({ device: serial.ref.toString().slice(0, 200), why }, 'serves a device that cannot be verified here');
    return writeSessionToken({ device: null, expiresAt: this.after(ANONYMOUS_SESSION_MS) }, key);
  }

  private admit(device: ProvenDevice, authorityId: string, nonce: ValidNonce, userAgent: string | null): Promise<void> {
    return this.transaction.run(async () => {
      if (!(await this.spent.spend(nonce))) throw new SessionRefusedError('the nonce has been used already');
      const { brandId, model, serial } = device.name;
      const isRevoked =
        (await this.devices.isRevoked(device)) || (await this.serials.isRevoked(brandId, model, serial));
      if (isRevoked) throw new DeviceRevokedError(device.name);
      await this.devices.meet({ device, authorityId, userAgent, at: this.clock.now() });
    });
  }

  private after(ms: number): Date {
    return new Date(this.clock.now().getTime() + ms);
  }
}
