import type { BrandKeyService, KeyInfo, KeyOwner } from '../../modules/keys/index.js';
import { environmentVariable } from '../../platform/config/environment.js';
import { InputNeededError, UsageError } from '../cli.errors.js';
import { readInput, readSmallFile } from '../input.js';
import { KeyProgressLine } from '../key-progress.js';
import { whoTypes } from '../os-user.js';
import { Prompter } from '../prompt.js';
import { readSecret } from '../secrets.js';
import type { Session } from '../session.js';
import { askUnlessGiven } from './ask.js';
import { type BrandOption, brandOf } from './brand.js';

const API_KEY_VARIABLE = 'MODEL_API_KEY';
const PASSPHRASE_VARIABLE = 'PROXY_KEY_PASSPHRASE';

export interface CreateKeyOptions extends BrandOption {
  readonly software?: boolean;
  readonly token?: boolean;
  readonly from?: string;
  readonly object?: string;
  readonly force?: boolean;
}

export async function createKey(session: Session, name: string, options: CreateKeyOptions): Promise<undefined> {
  const { software, token, from, object, force = false } = options;
  const ways = [software === true, token === true, from !== undefined, object !== undefined].filter((is) => is);
  if (ways.length > 1) throw new UsageError('--software, --token, --from and --object exclude each other');
  const bytes = from === undefined ? null : await readKeyFile(session, from);
  await session.withStore(async (store) => {
    const [{ BrandKeyService }, { ModelService }] = await Promise.all([
      import('../../modules/keys/index.js'),
      import('../../modules/model-service/index.js'),
    ]);
    const keys = store.get(BrandKeyService);
    const owner = { name, accountId: await brandOf(options, store.get(ModelService)) };
    const key = await (async (): Promise<KeyInfo> => {
      if (bytes !== null) return takeKey(session, keys, { owner, bytes, what: from ?? '', force });
      if (object !== undefined) return keys.adopt(owner, object, force);
      const place = software === true ? 'store' : token === true ? 'token' : keys.usualPlace;
      return KeyProgressLine.during(session, 'create key', (onProgress) =>
        keys.create(owner, place, { onProgress, signal: session.signal }),
      );
    })();
    session.out.result({ key }, () => `Signing key '${name}' created.`);
    session.out.note(
      `devices take what ${key.id} signs once this store holds its account-key: "keys export --public ${key.id} ` +
        `--account-key-request --account ${owner.accountId} --name ${name}" asks for it, "push-account-keys FILE" brings it here`,
    );
  });
}

async function readKeyFile(session: Session, file: string): Promise<Buffer> {
  return file === '-' ? Buffer.from(await readInput(session.io, 'a private key')) : readSmallFile(file);
}

interface TakenKey {
  readonly owner: KeyOwner;
  readonly bytes: Buffer;
  readonly what: string;
  readonly force: boolean;
}

async function takeKey(
  session: Session,
  keys: BrandKeyService,
  { owner, bytes, what, force }: TakenKey,
): Promise<KeyInfo> {
  const { KeyPassphraseNeededError } = await import('../../modules/keys/index.js');
  try {
    return await keys.take(owner, bytes, { force });
  } catch (error) {
    if (!(error instanceof KeyPassphraseNeededError)) throw error;
    const passphrase = await readSecret(session.io, {
      what: `the passphrase of ${what === '-' ? 'the key on standard input' : what}`,
      variable: PASSPHRASE_VARIABLE,
    });
    return keys.take(owner, bytes, { passphrase, force });
  }
}

/** Commander has `apiKey: false` for `--no-api-key`, and nothing or the text for `--api-key`. */
export interface CreateModelOptions extends BrandOption {
  readonly apiKey?: string | false;
  readonly force?: boolean;
}

export async function createModel(session: Session, name: string, options: CreateModelOptions): Promise<undefined> {
  const apiKey = await apiKeyFor(session, options);
  if (typeof options.apiKey === 'string' && options.apiKey !== 'new') {
    session.out.note(
      `others on this machine can see what stands behind --api-key; ${API_KEY_VARIABLE} carries it unseen`,
    );
  }
  const by = whoTypes();
  await session.withStore(async (store) => {
    const { ModelService, newApiKey } = await import('../../modules/model-service/index.js');
    const models = store.get(ModelService);
    const made = apiKey === '' ? newApiKey() : null;
    const brandId = await brandOf(options, models);
    const replace = options.force === true;
    const model = await models.create({ brandId, name, apiKey: made ?? apiKey, replace, by });
    session.out.result({ model, ...(made === null ? {} : { apiKey: made }) }, () =>
      [`Model '${name}' created.`, ...(made === null ? [] : [`API key: ${made}`])].join('\n'),
    );
    if (made !== null) session.out.note('the API key is shown this once; the gadget sends it in the header "api-key"');
    if (model.policy === null)
      session.out.note('its devices get serials once "create serial-policy" says who signs them');
  });
}

/** Null: none is asked of devices. Empty: one is to be made. */
async function apiKeyFor(session: Session, { apiKey }: CreateModelOptions): Promise<string | null> {
  if (apiKey === false) return null;
  const given = apiKey ?? environmentVariable(API_KEY_VARIABLE);
  if (given !== null) return given === 'new' ? '' : given;
  if (!Prompter.isPossible(session.io)) {
    throw new InputNeededError(
      `say which API key devices of the model have: --api-key new makes one, ${API_KEY_VARIABLE} carries one, --no-api-key asks for none`,
      { variable: API_KEY_VARIABLE },
    );
  }
  return Prompter.with(session.io, (prompter) =>
    prompter.hidden('API key (16 or more letters and digits; empty for a new one): '),
  );
}

export interface CreatePolicyOptions extends BrandOption {
  readonly model?: string;
  readonly key?: string;
  readonly deviceLimit: number;
  readonly ignoreProposed?: boolean;
}

export async function createSerialPolicy(session: Session, options: CreatePolicyOptions): Promise<undefined> {
  const { io } = session;
  const model = await askUnlessGiven(io, options.model, { question: 'Model: ', option: '--model NAME' });
  const key = await askUnlessGiven(io, options.key, {
    question: 'Key (its SHA3-384 or its name): ',
    option: '--key KEY',
  });
  const by = whoTypes();
  await session.withStore(async (store) => {
    const { ModelService, SerialPolicyService } = await import('../../modules/model-service/index.js');
    const brandId = await brandOf(options, store.get(ModelService));
    const policy = await store.get(SerialPolicyService).create({
      brandId,
      model,
      key,
      takesProposed: options.ignoreProposed !== true,
      deviceLimit: options.deviceLimit,
      by,
    });
    session.out.result({ policy }, () => `Model '${model}' configured to sign serials with key '${policy.keyId}'.`);
  });
}
