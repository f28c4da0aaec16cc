import type { OnModuleInit } from '@nestjs/common';

import { InTurn } from '../../../kernel/in-turn.js';
import { InvalidSettingError } from '../../../platform/config/config.errors.js';
import type { DataDirectory } from '../../../platform/config/data-directory.js';
import type { SettingKeeper, SettingsService } from '../../../platform/config/settings.service.js';
import { installedGuard, readModeFile, writeModeFile } from '../../../platform/egress/index.js';
import type { LoggerFactory, Logger } from '../../../platform/logging/logger.js';
import { AirGappedError } from '../airgap-policy.errors.js';
import type { AirgapEventRepository } from './airgap-event.repository.js';

export const AIRGAP_SETTING = 'proxy.airgap';

/**
 * Whether the store is in air-gapped mode. The database decides, for all machines of a store; DATA/airgap.json tells this
 * machine before the database can be asked. While nobody has decided in a database, what the file says goes on: a store that
 * is moved to an empty database stays closed.
 */
export class AirgapMode implements SettingKeeper, OnModuleInit {
  readonly keys = [AIRGAP_SETTING];
  private readonly log: Logger;
  private readonly following = new InTurn();
  private current: { readonly isOn: boolean; readonly since: Date | null } = { isOn: false, since: null };

  constructor(
    private readonly events: Pick<AirgapEventRepository, 'newest'>,
    private readonly dataDirectory: DataDirectory,
    private readonly settings: Pick<SettingsService, 'addKeeper'>,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('airgap-policy');
  }

  async onModuleInit(): Promise<void> {
    this.settings.addKeeper(this);
    await this.follow();
  }

  isOn(): boolean {
    return this.current.isOn;
  }

  /** Null where it is off, or where only a file that does not say says that it is on. */
  get since(): Date | null {
    return this.current.isOn ? this.current.since : null;
  }

  /** To be called by whatever is about to use the world outside. @throws AirGappedError */
  mustBeOff(what: string): void {
    if (this.current.isOn) throw new AirGappedError(what);
  }

  /** Takes over what was decided, here or elsewhere: in the process's guard, and in the file for the next start. */
  follow(): Promise<void> {
    // Two at a time could take over the older of two decisions last, and would write the same temporary file.
    return this.following.run(() => this.takeOver());
  }

  /** The settings are read again whenever any process of the store has changed one; the mode is announced as one. */
  async read(): Promise<ReadonlyMap<string, string>> {
    await this.follow();
    return this.current.isOn ? new Map([[AIRGAP_SETTING, 'true']]) : new Map();
  }

  /** A configuration that is carried back in says what holds already, and nothing else. @throws InvalidSettingError */
  write(changes: ReadonlyMap<string, string | null>): Promise<void> {
    const value = changes.get(AIRGAP_SETTING) ?? 'false';
    if (value === String(this.current.isOn)) return Promise.resolve();
    const accepted = 'nothing by hand: enable-airgap-mode and disable-airgap-mode change it';
    return Promise.reject(new InvalidSettingError(AIRGAP_SETTING, accepted));
  }

  private async takeOver(): Promise<void> {
    const { path } = this.dataDirectory;
    const newest = await this.events.newest();
    const file = readModeFile(path);
    const decided = newest === null ? file : { isOn: newest.state === 'on', since: newest.at };
    const changed = decided.isOn !== this.current.isOn;
    this.current = decided;
    if (decided.isOn) installedGuard()?.set(true);
    const isWritten = file.isOn === decided.isOn && (!file.isOn || file.since?.getTime() === decided.since?.getTime());
    if (!isWritten) await writeModeFile(path, decided.isOn ? decided.since : null);
    // Only now: were the process to end before, the file would close the store at its next start, and not open it.
    if (!decided.isOn) installedGuard()?.set(false);
    if (changed) this.log.info({ airGapped: decided.isOn }, 'air-gapped mode');
  }
}
