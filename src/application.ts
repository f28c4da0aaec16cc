import 'reflect-metadata';

import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';
import { SCHEMA_PARTS } from './entities.js';
import type { Settings } from './platform/config/settings.js';
import { Database } from './platform/database/database.js';
import type { LoggerFactory } from './platform/logging/logger.js';
import type { PlatformOptions } from './platform/platform.module.js';

export interface ApplicationInput {
  readonly dataDir: string;
  readonly settings: Settings;
  readonly loggers: LoggerFactory;
}

/**
 * Opens the store for one local command: all services, no port, no timers. `close()` the context when done.
 * @throws what opening the database throws; nothing stays open then
 */
export async function openContext(input: ApplicationInput): Promise<INestApplicationContext> {
  return withDatabase(input, (platform) =>
    NestFactory.createApplicationContext(AppModule.forRoot(platform), nestOptions(input)),
  );
}

export const nestOptions = (input: ApplicationInput) =>
  ({ logger: input.loggers.forNest(), abortOnError: false, forceCloseConnections: true }) as const;

/** Opens the database, hands it to what starts the application, and closes it again where that fails. */
export async function withDatabase<T>(
  input: ApplicationInput,
  start: (platform: PlatformOptions) => Promise<T>,
): Promise<T> {
  const database = await Database.open({
    dataDir: input.dataDir,
    connectionUri: input.settings.get('proxy.db.connection'),
    schema: SCHEMA_PARTS,
    logger: input.loggers.named('database'),
    migrate: true,
  });
  try {
    return await start({ ...input, database });
  } catch (error) {
    await database.close();
    throw error;
  }
}
