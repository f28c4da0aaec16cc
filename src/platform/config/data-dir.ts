import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { PACKAGE_ROOT } from '../program-root.js';
import { environmentVariable } from './environment.js';

const INSTALLED_DATA_DIR = '/var/lib/snap-store-proxy';

/** Whether the program runs out of a source checkout; there the defaults are those of a developer, not of a server. */
export function runsFromCheckout(): boolean {
  return existsSync(join(PACKAGE_ROOT, 'tsconfig.json'));
}

/**
 * The folder that holds all of a store's state: the flag, else `SNAP_STORE_PROXY_DATA`, else `./data` in a checkout and
 * `/var/lib/snap-store-proxy` when installed. Always absolute.
 */
export function resolveDataDir(flag: string | null): string {
  const chosen =
    flag ?? environmentVariable('SNAP_STORE_PROXY_DATA') ?? (runsFromCheckout() ? 'data' : INSTALLED_DATA_DIR);
  return resolve(chosen);
}
