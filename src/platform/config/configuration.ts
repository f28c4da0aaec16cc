import type { SettingsService } from './settings.service.js';
import { checkSetting, settingDefinition, type Settings } from './settings.js';
import { SettingsFile } from './settings-file.js';

/** Works with the settings in the database: opened for the work, closed after it. */
export type WithSharedSettings = <T>(work: (service: SettingsService, settings: Settings) => Promise<T>) => Promise<T>;

/** What must hold before a setting that is kept in DATA/settings.yaml may change; throws where it does not. */
export type BootstrapGuard = (changes: SettingChanges) => Promise<void>;

/** Null takes a value away. */
export type SettingChanges = ReadonlyMap<string, string | null>;

/**
 * All of a store's settings in one hand, wherever each is kept: DATA/settings.yaml for what is needed before there is a
 * database, the database for the rest. The database is opened only where a setting in question is kept there.
 */
export class Configuration {
  constructor(
    private readonly dataDir: string,
    /** As `loadBootstrapSettings` gives them. */
    private readonly settings: Settings,
    private readonly withShared: WithSharedSettings,
    /** False before the first start: then nothing is kept there. */
    private readonly hasDatabase: () => Promise<boolean>,
  ) {}

  /**
   * The settings in force, complete for these keys.
   * @throws UnknownSettingError, and what opening the database throws
   */
  async read(keys: readonly string[]): Promise<Settings> {
    const shared = keys.filter((key) => !isBootstrap(key));
    if (shared.length === 0 || !(await this.hasDatabase())) return this.settings;
    return this.withShared((_, settings) => Promise.resolve(settings));
  }

  /**
   * Changes all of these or, where one is refused, none.
   * @throws UnknownSettingError, InvalidSettingError, and what opening the database throws
   */
  async change(changes: SettingChanges, guard: BootstrapGuard): Promise<void> {
    for (const [key, value] of changes) {
      if (value === null) settingDefinition(key);
      else checkSetting(key, value);
    }
    const bootstrap = new Map([...changes].filter(([key]) => isBootstrap(key)));
    const shared = new Map([...changes].filter(([key]) => !isBootstrap(key)));
    if (bootstrap.size > 0) await guard(bootstrap);
    await this.changeFile(bootstrap, async () => {
      // The database is the one that was configured just now.
      if (shared.size > 0) await this.withShared((service) => service.change(shared));
    });
    for (const [key, value] of changes) this.settings.changeStored(key, value);
  }

  /** The file is as it was if the rest fails. */
  private async changeFile(changes: SettingChanges, rest: () => Promise<void>): Promise<void> {
    if (changes.size === 0) return rest();
    const file = SettingsFile.inDataDir(this.dataDir);
    const before = await file.read();
    await file.change(changes);
    try {
      await rest();
    } catch (error) {
      await file.write(before);
      throw error;
    }
  }
}

function isBootstrap(key: string): boolean {
  return settingDefinition(key).bootstrap === true;
}
