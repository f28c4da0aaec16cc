import { Injectable } from '@nestjs/common';

import { InTurn } from '../../kernel/in-turn.js';
import { messageOf } from '../../kernel/store-error.js';
import { ChangeFeed, EVERYTHING } from '../database/change-feed.js';
import { Transaction } from '../database/transaction.js';
import { LoggerFactory, type Logger } from '../logging/logger.js';
import { isSealed, Sealing } from '../sealing/index.js';
import { SettingRepository } from './setting.repository.js';
import { checkSetting, settingDefinition, Settings } from './settings.js';

export const SETTINGS_TOPIC = 'settings';

/** A room that keeps the values of some settings itself (`SettingDefinition.managedBy`). */
export interface SettingKeeper {
  readonly keys: readonly string[];
  /** Those that have a value; secrets sealed. */
  read(): Promise<ReadonlyMap<string, string>>;
  /** In the transaction of all that changes at once. @param changes null takes a value away */
  write(changes: ReadonlyMap<string, string | null>): Promise<void>;
}

/** Changes the settings that live in the database, and tells every process of the store. */
@Injectable()
export class SettingsService {
  private readonly log: Logger;
  private readonly listeners = new Set<() => void>();
  private readonly keepers: SettingKeeper[] = [];
  private readonly reloads = new InTurn();

  constructor(
    private readonly settings: Settings,
    private readonly repository: SettingRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    private readonly sealing: Sealing,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('settings');
  }

  /** From now on this room reads and writes its own settings. */
  addKeeper(keeper: SettingKeeper): void {
    this.keepers.push(keeper);
  }

  /**
   * Sets all of these or none; null takes a value away. Inside of a transaction they are in force when that commits. A secret may be given in clear or as this store has sealed it.
   * @throws UnknownSettingError, InvalidSettingError, SealBrokenError, and what a keeper refuses with
   */
  async change(values: ReadonlyMap<string, string | null>): Promise<void> {
    for (const [key, value] of values) if (value !== null) checkSetting(key, value);
    const kept = new Set(this.keepers.flatMap(({ keys }) => keys));
    const own = await this.sealSecrets(new Map([...values].filter(([key]) => !kept.has(key))));
    await this.transaction.run(async () => {
      for (const [key, value] of own) {
        if (value === null) await this.repository.remove(key);
        else await this.repository.put(key, value);
      }
      for (const keeper of this.keepers) {
        const changes = new Map([...values].filter(([key]) => keeper.keys.includes(key)));
        if (changes.size > 0) await keeper.write(changes);
      }
      await this.changes.announce(SETTINGS_TOPIC, [...values.keys()]);
      await this.transaction.whenCommitted(async () => {
        for (const [key, value] of own) this.settings.changeStored(key, value);
        await this.readKept();
      });
    });
  }

  /** A secret in clear, wherever it comes from; null where it is not set. @throws SealBrokenError */
  async secret(key: string): Promise<string | null> {
    const value = this.settings.get(key);
    if (value === null || !isSealed(value)) return value;
    return (await this.sealing.unseal(value, key)).toString('utf8');
  }

  /** Takes over what other rooms keep: `Settings` does not show it before. */
  async readKept(): Promise<void> {
    for (const keeper of this.keepers) {
      const values = await keeper.read();
      for (const key of keeper.keys) this.settings.changeStored(key, values.get(key) ?? null);
    }
  }

  /** Told each time that settings may have changed, in this process or another, once `follow` was called. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** For as long as this process runs, takes over what any other one changes. */
  async follow(): Promise<void> {
    await this.changes.listen((change) => {
      if (change !== EVERYTHING && change.topic !== SETTINGS_TOPIC) return;
      this.reload().catch((error: unknown) => {
        // What was missed is told again as EVERYTHING when the database is back.
        this.log.warn({ reason: messageOf(error) }, 'changed settings could not be read');
      });
    });
    await this.reload();
  }

  /** Takes over what other processes have changed. */
  reload(): Promise<void> {
    // What is read first must not replace what was read later.
    return this.reloads.run(async () => {
      this.settings.replaceStored(await this.repository.all());
      await this.readKept();
      for (const listener of this.listeners) listener();
    });
  }

  private async sealSecrets(values: ReadonlyMap<string, string | null>): Promise<Map<string, string | null>> {
    const sealed = new Map(values);
    for (const [key, value] of values) {
      if (value === null || settingDefinition(key).secret !== true) continue;
      if (isSealed(value)) await this.sealing.unseal(value, key);
      else sealed.set(key, await this.sealing.seal(Buffer.from(value), key));
    }
    return sealed;
  }
}
