import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';

import type { Answers } from '../../formats/registration-protocol/index.js';
import { Channel } from '../../kernel/channel.js';
import { messageOf } from '../../kernel/store-error.js';
import type { RegistrationStep, VerifiedRegistration } from '../../modules/registration/index.js';
import { environmentVariable } from '../../platform/config/environment.js';
import { AuthorityNotConfiguredError, UsageError } from '../cli.errors.js';
import { readSmallFile } from '../input.js';
import { packageVersion } from '../program-version.js';
import { newPassword } from '../secrets.js';
import type { Session } from '../session.js';
import { OperatorAtTerminal } from './registrant.js';

export const INSTALL_PASSWORD_VARIABLE = 'SNAPSTORE_BETA_PASSWORD';
const DEFAULT_CHANNEL = 'stable';
const DEFAULT_OUTPUT = 'offline-snap-store.tar.gz';

export interface OfflineOptions {
  readonly channel?: string;
  readonly arch?: string;
  readonly https?: true;
  readonly skipQuestions?: true;
  readonly answers?: string;
  readonly output?: string;
  /** True: the flag without a value. */
  readonly installPassword?: string | true;
}

const STEPS: Readonly<Record<RegistrationStep, string>> = {
  contacting: 'contacting the authority',
  'logging-in': 'logging in',
  answering: 'answering its questions',
  registering: 'registering',
  verifying: 'verifying what it answered',
};

/**
 * `register --offline`: registers this store with its authority and writes the file that is carried across the gap. Whatever can be
 * found wrong here is found before anybody is contacted, and nothing is kept before it is verified.
 */
export async function registerOffline(session: Session, options: OfflineOptions): Promise<undefined> {
  const { assertArchitectureSupported, ownArchitecture } = await import('../../modules/registration/index.js');
  const channel = Channel.parse(options.channel ?? DEFAULT_CHANNEL);
  const { architecture } = assertArchitectureSupported(options.arch ?? ownArchitecture());
  // Read before another user of the machine takes over.
  const given = options.answers === undefined ? null : await readAnswers(options.answers);
  const output = resolve(options.output ?? DEFAULT_OUTPUT);
  await session.withStore(async (store) => {
    const { AirgapMode } = await import('../../modules/airgap-policy/index.js');
    store.get(AirgapMode).mustBeOff('registering with an authority');
    const connection = await connect(session, store);
    try {
      OperatorAtTerminal.mustBeKnown(session.io);
      const { url, certificate } = await whatToRegister(session, store, options);
      await access(dirname(output), constants.W_OK | constants.X_OK);
      const installPassword = await passwordOf(session, options.installPassword);
      const registration = await register(session, store, connection, url, {
        given,
        areSkipped: options.skipQuestions === true,
      });
      await keepAndWrite(session, store, { registration, output, architecture, channel, installPassword, certificate });
    } finally {
      await connection.close();
    }
  });
}

async function connect(session: Session, store: INestApplicationContext) {
  const [{ connectAuthority }, { Settings }, { AirgapMode }] = await Promise.all([
    import('../../modules/upstream/index.js'),
    import('../../platform/config/settings.js'),
    import('../../modules/airgap-policy/index.js'),
  ]);
  const mode = store.get(AirgapMode);
  const connection = connectAuthority(store.get(Settings), {
    mayCallOut: () => {
      mode.mustBeOff('calling a registration authority');
    },
    userAgent: `snap-store-proxy/${packageVersion()}`,
  });
  if (connection === null) throw new AuthorityNotConfiguredError();
  return connection;
}

/** A certificate that was imported before travels along, and says by itself that the store speaks HTTPS. */
async function whatToRegister(session: Session, store: INestApplicationContext, { https }: OfflineOptions) {
  const [{ CertificateService }, { registeredUrl }, { Settings }] = await Promise.all([
    import('../../modules/https/index.js'),
    import('../../modules/registration/index.js'),
    import('../../platform/config/settings.js'),
  ]);
  const certificate = await store.get(CertificateService).exportForBundle();
  const scheme = https === true || certificate !== null ? 'https' : 'http';
  const url = registeredUrl(store.get(Settings), scheme);
  if (https === true && certificate === null)
    session.out.note(
      `the store is registered as ${url}, and has no certificate yet: import one there before devices use it`,
    );
  return { url, certificate };
}

async function register(
  session: Session,
  store: INestApplicationContext,
  connection: Awaited<ReturnType<typeof connect>>,
  url: string,
  prepared: { readonly given: Answers | null; readonly areSkipped: boolean },
): Promise<VerifiedRegistration> {
  const { RegistrationService } = await import('../../modules/registration/index.js');
  const progress = session.progress('register');
  const registrant = new OperatorAtTerminal(session.io, prepared, () => {
    progress.end();
  });
  try {
    return await store.get(RegistrationService).register({
      client: connection.client,
      url,
      registrant,
      onStep: (step) => {
        progress.report({ step: STEPS[step], done: 0, total: null, unit: 'items' });
      },
      signal: session.signal,
    });
  } finally {
    progress.end();
  }
}

interface Writing {
  readonly registration: VerifiedRegistration;
  readonly output: string;
  readonly architecture: string;
  readonly channel: Channel;
  readonly installPassword: string | null;
  readonly certificate: { readonly certPem: string; readonly keyPem: string } | null;
}

async function keepAndWrite(session: Session, store: INestApplicationContext, writing: Writing): Promise<void> {
  const [{ OfflineBundleWriter, StoreIdentityService }, { KeyService }] = await Promise.all([
    import('../../modules/registration/index.js'),
    import('../../modules/keys/index.js'),
  ]);
  const { registration, output, architecture, channel, installPassword, certificate } = writing;
  const identities = store.get(StoreIdentityService);
  const before = await identities.current();
  const identity = await identities.adopt(registration);
  const progress = session.progress('register');
  const written = await store
    .get(OfflineBundleWriter)
    .write({
      output,
      arch: architecture,
      channel: channel.toString(),
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
  const { storeId, url } = identity;
  const { path, sha256Hex: sha256, sizeBytes } = written;
  if (before !== null && (before.storeId !== storeId || before.url !== url))
    session.out.note(
      `this store was ${before.storeId ?? before.url} (${before.url}) before: devices have to be pointed at it anew`,
    );
  if (installPassword === null)
    session.out.note(
      'the private key of the store lies in this file in clear: carry it like a key, or use --install-password',
    );
  const value = {
    storeId,
    url,
    output: path,
    sha256,
    sizeBytes,
    architecture,
    channel: channel.toString(),
    isSealed: installPassword !== null,
  };
  session.out.result(value, () =>
    [
      `Store URL: ${url}`,
      `Store ID: ${storeId ?? 'not registered (self-issued)'}`,
      `Written: ${path}`,
      `SHA-256: ${sha256}`,
      'Carry it across, and there: tar xvzf FILE && sudo ./offline-snap-store/install.sh',
    ].join('\n'),
  );
}

async function passwordOf(session: Session, option: string | true | undefined): Promise<string | null> {
  if (option === undefined) return null;
  if (option === '') throw new UsageError('--install-password is empty');
  if (option === true) {
    const named = environmentVariable(INSTALL_PASSWORD_VARIABLE);
    return named ?? newPassword(session.io, { variable: INSTALL_PASSWORD_VARIABLE, what: 'installation password' });
  }
  session.out.note(
    `others on this machine can see what follows --install-password; ${INSTALL_PASSWORD_VARIABLE} or the prompt keep it to yourself`,
  );
  return option;
}

async function readAnswers(file: string): Promise<Answers> {
  const text = (await readSmallFile(file)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${messageOf(error)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Answers;
  throw new UsageError(`${file} is no JSON object of question ids and answers`);
}
