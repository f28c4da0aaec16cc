import { access, constants } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { DataDirectory } from '../../platform/config/data-directory.js';
import { Database } from '../../platform/database/database.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';

/** Longer than a database or a disk takes that devices could be served from. */
const PATIENCE_MS = 2_000;
/** However often it is asked, the database is not. */
const FRESH_MS = 1_000;

export interface Readiness {
  readonly isReady: boolean;
  /** By part. The reason of a failure stays in the log: whoever asks need not be the operator. */
  readonly checks: Readonly<Record<'database' | 'blob-storage', 'ok' | 'failing'>>;
}

/** Whether this process can serve devices, for load balancers and supervisors. */
@Injectable()
export class HealthService {
  private readonly log: Logger;
  private latest: { readonly at: number; readonly readiness: Promise<Readiness> } | null = null;

  constructor(
    private readonly database: Database,
    private readonly dataDirectory: DataDirectory,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('health');
  }

  readiness(): Promise<Readiness> {
    const now = performance.now();
    if (this.latest === null || now - this.latest.at > FRESH_MS) this.latest = { at: now, readiness: this.look() };
    return this.latest.readiness;
  }

  private async look(): Promise<Readiness> {
    const [database, blobs] = await Promise.all([
      this.check('database', () => this.database.dataSource.query('SELECT 1')),
      this.check('blob-storage', () => this.reachBlobs()),
    ]);
    return { isReady: database === 'ok' && blobs === 'ok', checks: { database, 'blob-storage': blobs } };
  }

  /** The folder is made by the first import; before that, it has to be possible to make it. */
  private async reachBlobs(): Promise<void> {
    const mode = constants.R_OK | constants.W_OK | constants.X_OK;
    try {
      await access(this.dataDirectory.folder('blobs'), mode);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await access(this.dataDirectory.path, mode);
    }
  }

  private async check(part: string, look: () => Promise<unknown>): Promise<'ok' | 'failing'> {
    const given = new AbortController();
    const late = sleep(PATIENCE_MS, undefined, { signal: given.signal }).then(() => {
      throw new Error(`no answer within ${PATIENCE_MS} ms`);
    });
    try {
      await Promise.race([look(), late]);
      return 'ok';
    } catch (error) {
      this.log.error({ part, reason: messageOf(error) }, 'the store is not ready to serve');
      return 'failing';
    } finally {
      given.abort();
      await late.catch(() => undefined);
    }
  }
}
