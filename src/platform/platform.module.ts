import { type DynamicModule, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';

import { Clock, SystemClock } from '../kernel/clock.js';
import { DataDirectory } from './config/data-directory.js';
import { SettingRepository } from './config/setting.repository.js';
import { Settings } from './config/settings.js';
import { SettingsService } from './config/settings.service.js';
import { AdvisoryLocks } from './database/advisory-lock.js';
import { ChangeFeed } from './database/change-feed.js';
import { Database } from './database/database.js';
import { Transaction } from './database/transaction.js';
import { HashWorkers } from './hashing/hash-workers.js';
import { LoggerFactory } from './logging/logger.js';
import { Resealing, SealedTextRepository, Sealing } from './sealing/index.js';

export interface PlatformOptions {
  /** Absolute. */
  readonly dataDir: string;
  /** As `loadBootstrapSettings` gives them; what the database holds is added here. */
  readonly settings: Settings;
  readonly loggers: LoggerFactory;
  /** Open and migrated. The application closes it when it ends. */
  readonly database: Database;
  readonly clock?: Clock;
}

/** Closes the database when everything that uses it has stopped. */
@Injectable()
class DatabaseLifetime implements OnApplicationShutdown {
  constructor(private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

/**
 * What every feature stands on and none owns. Its providers are visible to all modules of the application, by class tokens
 * that are ours alone; it adds no route, guard, pipe or filter.
 */
@Module({})
export class PlatformModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    const shared = [
      Transaction,
      AdvisoryLocks,
      ChangeFeed,
      SettingRepository,
      SettingsService,
      HashWorkers,
      SealedTextRepository,
      Resealing,
    ];
    return {
      module: PlatformModule,
      global: true,
      providers: [
        { provide: LoggerFactory, useValue: options.loggers },
        { provide: Clock, useValue: options.clock ?? new SystemClock() },
        { provide: DataDirectory, useValue: new DataDirectory(options.dataDir) },
        { provide: Database, useValue: options.database },
        {
          provide: Settings,
          inject: [SettingRepository],
          useFactory: async (repository: SettingRepository) => {
            options.settings.replaceStored(await repository.all());
            return options.settings;
          },
        },
        {
          // Without a decorator, as it also works where Nest is not loaded.
          provide: Sealing,
          inject: [Settings, DataDirectory, SealedTextRepository],
          useFactory: (settings: Settings, data: DataDirectory, texts: SealedTextRepository) =>
            new Sealing(settings, data, texts),
        },
        DatabaseLifetime,
        ...shared,
      ],
      exports: [LoggerFactory, Clock, DataDirectory, Database, Settings, Sealing, ...shared],
    };
  }
}
