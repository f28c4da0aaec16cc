import { copyFile, chmod, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { runOrThrow } from './run.js';

const recipe = join(import.meta.dirname, '../client');

/** The scripts of `test/device/client/`. */
export const clientScripts = {
  install: join(recipe, 'install-client.sh'),
  device: join(recipe, 'device.sh'),
  makePair: join(recipe, 'make-pair.sh'),
};

/** Where the real client is: `SNAPD_CLIENT_HOME`, else where install-client.sh puts it by itself. */
export const clientHome = process.env.SNAPD_CLIENT_HOME ?? join(homedir(), '.cache/snapd-client');

/** The public test root's files, as install-client.sh writes them out of snapd's source. */
export const testRoot = {
  account: join(clientHome, 'testkeys/root-account.assert'),
  accountKey: join(clientHome, 'testkeys/root-account-key.assert'),
  storeAccountKey: join(clientHome, 'testkeys/store-account-key.assert'),
  rootSecretKey: join(clientHome, 'testkeys/root.asc'),
};

/** snap-repair and the root of trust for repairs that it was built with; a client that somebody else made may lack them. */
export const repairClient = {
  program: join(clientHome, 'bin/snap-repair'),
  accountKey: join(clientHome, 'testkeys/repair-root-account-key.assert'),
  secretKey: join(clientHome, 'testkeys/repair-root.asc'),
};

let prepared: Promise<unknown> | undefined;

/** Sees to it that the real client is there; builds it where it is not (two minutes, once). */
export async function prepareClient(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('The device suite mounts snaps and makes namespaces: run it as root.');
  prepared ??= runOrThrow(clientScripts.install, []);
  await prepared;
}

/** Copies the test root's public part to where whoever runs the store may read it. */
export async function copyTestRoot(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(
    [testRoot.account, testRoot.accountKey].map(async (from, index) => {
      const to = join(folder, `test-root-${index + 1}.assert`);
      await copyFile(from, to);
      await chmod(to, 0o644);
      return to;
    }),
  );
}
