import type { INestApplicationContext } from '@nestjs/common';

import type { Answers } from '../../formats/registration-protocol/index.js';
import { messageOf } from '../../kernel/store-error.js';
import type { RegistrationStep, VerifiedRegistration } from '../../modules/registration/index.js';
import { AuthorityNotConfiguredError, UsageError } from '../cli.errors.js';
import { readSmallFile } from '../input.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { noteFormerIdentity } from './announce-identity.js';
import { type BundleOptions, type BundleToWrite, planBundle, prepareBundle, writeBundle } from './bundle-output.js';
import { OperatorAtTerminal } from './registrant.js';

export interface OfflineOptions extends BundleOptions {
  readonly https?: true;
  readonly skipQuestions?: true;
  readonly answers?: string;
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
  const plan = await planBundle(options);
  // Read before another user of the machine takes over.
  const given = options.answers === undefined ? null : await readAnswers(options.answers);
  await session.withStore(async (store) => {
    const { AirgapMode } = await import('../../modules/airgap-policy/index.js');
    store.get(AirgapMode).mustBeOff('registering with an authority');
    const connection = await connect(session, store);
    try {
      OperatorAtTerminal.mustBeKnown(session.io);
      const { url, certificate } = await whatToRegister(session, store, options);
      const installPassword = await prepareBundle(session, plan);
      const registration = await register(session, store, connection, url, {
        given,
        areSkipped: options.skipQuestions === true,
      });
      await keepAndWrite(session, store, { plan, registration, installPassword, certificate });
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

async function keepAndWrite(session: Session, store: INestApplicationContext, writing: BundleToWrite): Promise<void> {
  const { StoreIdentityService } = await import('../../modules/registration/index.js');
  const identities = store.get(StoreIdentityService);
  const before = await identities.current();
  await identities.adopt(writing.registration);
  await writeBundle(session, store, writing);
  noteFormerIdentity(session, writing.registration, before);
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
