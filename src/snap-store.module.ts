import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';

import { AppModule } from './app.module.js';
import { withDatabase } from './application.js';
import { CatalogModule, SearchIndexer } from './modules/catalog/index.js';
import { DeviceUpkeep } from './modules/devices/index.js';
import { RegistrationModule, StoreIdentityService } from './modules/registration/index.js';
import { loadBootstrapSettings } from './platform/config/load-settings.js';
import { SettingsService } from './platform/config/settings.service.js';
import { LoggerFactory } from './platform/logging/logger.js';

export interface SnapStoreOptions {
  /** Absolute: the folder that holds all of the store's state. */
  readonly dataDir: string;
  /** By their keys, such as `proxy.db.connection`; they win over the environment and over what is stored. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Absent: nothing is logged. */
  readonly loggers?: LoggerFactory;
}

/**
 * The store inside another Nest application: `imports: [SnapStoreModule.forRoot({ dataDir })]`. It adds the device endpoints as
 * controllers, and nothing that concerns the host's own routes: no guard, pipe, filter, signal handler or global logger.
 * Its database is opened with the module and closed by the application's `close()`.
 */
@Module({})
export class SnapStoreModule implements OnApplicationBootstrap {
  constructor(
    private readonly settings: SettingsService,
    private readonly identity: StoreIdentityService,
    private readonly deviceUpkeep: DeviceUpkeep,
    private readonly search: SearchIndexer,
  ) {}

  /** @throws what reading the settings and opening the database throw */
  static async forRoot(options: SnapStoreOptions): Promise<DynamicModule> {
    const { dataDir, loggers = LoggerFactory.silent() } = options;
    const flags = new Map(Object.entries(options.settings ?? {}));
    const settings = await loadBootstrapSettings({ dataDir, configFile: null, flags });
    return withDatabase({ dataDir, settings, loggers }, (platform) =>
      Promise.resolve({
        module: SnapStoreModule,
        imports: [AppModule.forRoot(platform), CatalogModule, RegistrationModule],
      }),
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.settings.follow();
    await this.identity.follow();
    this.deviceUpkeep.start();
    this.search.startCatchingUp();
  }
}
