import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openConnectedSide, type ConnectedSide } from '../../src/connected-side.js';
import { Settings } from '../../src/platform/config/settings.js';
import { LoggerFactory } from '../../src/platform/logging/logger.js';
import type { TestAuthority } from './test-authority.js';

export interface TestConnectedSide extends ConnectedSide {
  readonly dataDir: string;
}

/** A connected side with a data folder of its own, which trusts this authority. @param uri its database; null for none */
export async function openTestConnectedSide(authority: TestAuthority, uri: string | null): Promise<TestConnectedSide> {
  const dataDir = await mkdtemp(join(tmpdir(), 'connected-side-'));
  await chmod(dataDir, 0o755);
  const roots = join(dataDir, 'roots.assert');
  await writeFile(roots, authority.rootStream);
  const flag = new Map([['proxy.trust.extra-roots', roots]]);
  if (uri !== null) flag.set('proxy.db.connection', uri);
  const side = await openConnectedSide({
    dataDir,
    settings: new Settings({ flag }),
    loggers: LoggerFactory.silent(),
  });
  return {
    ...side,
    dataDir,
    close: async () => {
      await side.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
