import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DataDirectory } from '../../platform/config/data-directory.js';
import type { Database } from '../../platform/database/database.js';
import { LoggerFactory } from '../../platform/logging/logger.js';
import { HealthService } from './health.service.js';

describe(HealthService.name, () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'health-'));
  });
  afterEach(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  const service = (query: () => Promise<unknown>, folder = dataDir): HealthService => {
    const database = { dataSource: { query } } as unknown as Database;
    return new HealthService(database, new DataDirectory(folder), LoggerFactory.silent());
  };
  const works = (): Promise<unknown> => Promise.resolve([]);

  it('is ready with a database that answers, before the first import and after it', async () => {
    expect(await service(works).readiness()).toEqual({
      isReady: true,
      checks: { database: 'ok', 'blob-storage': 'ok' },
    });
    await mkdir(join(dataDir, 'blobs'));
    expect((await service(works).readiness()).isReady).toBe(true);
  });

  it('is not ready where the database refuses', async () => {
    const readiness = await service(() => Promise.reject(new Error('the password is hunter2'))).readiness();
    expect(readiness).toEqual({ isReady: false, checks: { database: 'failing', 'blob-storage': 'ok' } });
  });

  it('is not ready where the database does not answer in time', async () => {
    const hangs = service(() => new Promise(() => undefined));
    expect((await hangs.readiness()).checks.database).toBe('failing');
  });

  it('is not ready where the folder of the data is gone', async () => {
    const readiness = await service(works, join(dataDir, 'gone')).readiness();
    expect(readiness).toEqual({ isReady: false, checks: { database: 'ok', 'blob-storage': 'failing' } });
  });

  it('asks the database once, however many ask at once', async () => {
    const query = vi.fn(works);
    const one = service(query);
    await Promise.all(Array.from({ length: 20 }, () => one.readiness()));
    expect(query).toHaveBeenCalledTimes(1);
  });
});
