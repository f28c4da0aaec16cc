import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';

import { Settings } from '../../../platform/config/settings.js';
import { SETTINGS_TOPIC, SettingsService } from '../../../platform/config/settings.service.js';
import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { AccessPassword, checkPassword } from '../../access/index.js';
import { AlreadyAirGappedError, NotAirGappedError, NotReadyError } from '../airgap-policy.errors.js';
import { AirgapEventRepository } from './airgap-event.repository.js';
import { AIRGAP_SETTING, AirgapMode } from './airgap-mode.js';
import { ReadinessCheck } from './readiness-check.js';

const LOCK = 'airgap mode';
const DEVICE_SECRET = 'proxy.device-auth.secret';
const DEVICE_SECRET_BYTES = 32;

export interface EnableOptions {
  readonly password: string;
  /** The user of the operating system who asks for it. */
  readonly by: string;
  /** Replaces the password of a store that is in air-gapped mode already. */
  readonly changePassword?: boolean;
}

export interface Enabled {
  readonly since: Date;
  readonly outcome: 'enabled' | 'already-on' | 'password-changed';
  /** What devices will stumble over. */
  readonly warnings: readonly string[];
}

/** Turns air-gapped mode on and off. What belongs to it is one transaction, and each time is recorded. */
@Injectable()
export class AirgapSwitch {
  constructor(
    private readonly mode: AirgapMode,
    private readonly events: AirgapEventRepository,
    private readonly password: AccessPassword,
    private readonly readiness: ReadinessCheck,
    private readonly settings: Settings,
    private readonly settingsService: SettingsService,
    private readonly transaction: Transaction,
    private readonly locks: AdvisoryLocks,
    private readonly changes: ChangeFeed,
  ) {}

  /**
   * Takes in the carried registration; then sets the access password, makes the secret of device sessions where there is none
   * and turns the mode on: all of that or nothing. Every process of the store takes it over at once. Where the mode is on, the same
   * password changes nothing.
   * @throws NotReadyError, PasswordUnusableError, AlreadyAirGappedError, and what the carried registration is refused with
   */
  async enable({ password, by, changePassword = false }: EnableOptions): Promise<Enabled> {
    checkPassword(password);
    await this.checkReadiness();
    const outcome = await this.alone(async () => {
      const missing = await this.readiness.missing();
      if (missing.length > 0) throw new NotReadyError(missing);
      const isOn = (await this.events.newest())?.state === 'on';
      const outcome = isOn ? await this.enableAgain(password, changePassword) : 'enabled';
      if (this.settings.get(DEVICE_SECRET) === null) await this.makeDeviceSecret();
      if (outcome === 'already-on') return outcome;
      await this.password.set(password);
      if (!isOn) await this.events.add({ state: 'on', byUser: by, host: hostname() });
      await this.changes.announce(SETTINGS_TOPIC, [AIRGAP_SETTING]);
      return outcome;
    });
    // The mode is among what is read.
    await this.settingsService.readKept();
    return { outcome, since: this.mode.since ?? new Date(), warnings: await this.readiness.warnings() };
  }

  /**
   * Takes in the carried registration, as the first start would, and looks for what is missing: before anybody is asked for a
   * password.
   * @throws NotReadyError, and what the carried registration is refused with
   */
  async checkReadiness(): Promise<void> {
    await this.readiness.takeInCarried();
    const missing = await this.readiness.missing();
    if (missing.length > 0) throw new NotReadyError(missing);
  }

  /** @throws NotAirGappedError */
  async disable(by: string): Promise<void> {
    await this.alone(async () => {
      const isOn = this.mode.isOn() || (await this.events.newest())?.state === 'on';
      if (!isOn) throw new NotAirGappedError('the store is not in air-gapped mode');
      await this.events.add({ state: 'off', byUser: by, host: hostname() });
      await this.changes.announce(SETTINGS_TOPIC, [AIRGAP_SETTING]);
    });
    await this.settingsService.readKept();
  }

  private async enableAgain(password: string, changePassword: boolean): Promise<'already-on' | 'password-changed'> {
    if (await this.password.verify(password)) return 'already-on';
    if (changePassword || !(await this.password.isSet())) return 'password-changed';
    throw new AlreadyAirGappedError(
      'the store is in air-gapped mode already, and this is not its access password; nothing was changed',
    );
  }

  private async makeDeviceSecret(): Promise<void> {
    const secret = randomBytes(DEVICE_SECRET_BYTES).toString('base64url');
    await this.settingsService.change(new Map([[DEVICE_SECRET, secret]]));
  }

  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction.run(async () => {
      await this.locks.holdForTransaction(this.transaction.manager, LOCK, 'exclusive');
      return work();
    });
  }
}
