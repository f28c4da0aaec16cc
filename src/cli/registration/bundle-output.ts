import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';

import { Channel } from '../../kernel/channel.js';
import type { VerifiedRegistration } from '../../modules/registration/index.js';
import { environmentVariable } from '../../platform/config/environment.js';
import { UsageError } from '../cli.errors.js';
import { newPassword } from '../secrets.js';
import type { Session } from '../session.js';

/** What a bundle is sealed with, under the name that the original gives it. */
export const INSTALL_PASSWORD_VARIABLE = 'SNAPSTORE_BETA_PASSWORD';
const DEFAULT_CHANNEL = 'stable';
const DEFAULT_OUTPUT = 'offline-snap-store.tar.gz';

/** The flags that say what is written for the other side of the gap. */
export interface BundleOptions {
  readonly channel?: string;
  readonly arch?: string;
  readonly output?: string;
  /** True: the flag without a value. */
  readonly installPassword?: string | true;
}

/** Them, checked. */
export interface BundlePlan {
  readonly channel: Channel;
  /** As snapd spells it. */
  readonly architecture: string;
  /** Absolute. */
  readonly output: string;
  readonly installPassword: string | true | undefined;
}

export interface BundleToWrite {
  readonly plan: BundlePlan;
  readonly registration: VerifiedRegistration;
  /** Null: keys are in clear in the file. */
  readonly installPassword: string | null;
  readonly certificate: { readonly certPem: string; readonly keyPem: string } | null;
}

/** @throws InvalidChannelError, ArchitectureUnsupportedError */
export async function planBundle(options: BundleOptions): Promise<BundlePlan> {
  const { assertArchitectureSupported, ownArchitecture } = await import('../../modules/registration/index.js');
  return {
    channel: Channel.parse(options.channel ?? DEFAULT_CHANNEL),
    architecture: assertArchitectureSupported(options.arch ?? ownArchitecture()).architecture,
    output: resolve(options.output ?? DEFAULT_OUTPUT),
    installPassword: options.installPassword,
  };
}

/** Whether the file can be written at all, and what it is sealed with: asked for before anything is done. */
export async function prepareBundle(session: Session, plan: BundlePlan): Promise<string | null> {
  await access(dirname(plan.output), constants.W_OK | constants.X_OK);
  const { installPassword } = plan;
  if (installPassword === undefined) return null;
  if (installPassword === '') throw new UsageError('--install-password is empty');
  if (installPassword === true) {
    const named = environmentVariable(INSTALL_PASSWORD_VARIABLE);
    return named ?? newPassword(session.io, { variable: INSTALL_PASSWORD_VARIABLE, what: 'installation password' });
  }
  session.out.note(
    `others on this machine can see what follows --install-password; ${INSTALL_PASSWORD_VARIABLE} or the prompt keep it to yourself`,
  );
  return installPassword;
}

/** Writes the bundle of a registration that this store has adopted, and says what was written. */
export async function writeBundle(
  session: Session,
  store: INestApplicationContext,
  { plan, registration, installPassword, certificate }: BundleToWrite,
): Promise<void> {
  const [{ OfflineBundleWriter }, { KeyService }] = await Promise.all([
    import('../../modules/registration/index.js'),
    import('../../modules/keys/index.js'),
  ]);
  const { output, architecture } = plan;
  const channel = plan.channel.toString();
  const progress = session.progress('register');
  const written = await store
    .get(OfflineBundleWriter)
    .write({
      output,
      arch: architecture,
      channel,
      registration,
      installPassword,
      signer: await store.get(KeyService).find('signer'),
      certificate,
      onProgress: (state) => {
        progress.report(state);
      },
      signal: session.signal,
    })
    .finally(() => {
      progress.end();
    });
  if (installPassword === null)
    session.out.note(
      'the private key of the store lies in this file in clear: carry it like a key, or use --install-password',
    );
  const { storeId, url } = registration;
  const { path, sha256Hex: sha256, sizeBytes } = written;
  const isSealed = installPassword !== null;
  session.out.result({ storeId, url, output: path, sha256, sizeBytes, architecture, channel, isSealed }, () =>
    [
      `Store URL: ${url}`,
      `Store ID: ${storeId ?? 'not registered (self-issued)'}`,
      `Written: ${path}`,
      `SHA-256: ${sha256}`,
      'Carry it across, and there: tar xvzf FILE && sudo ./offline-snap-store/install.sh',
    ].join('\n'),
  );
}
