import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

import { UsageError } from '../cli.errors.js';
import { readSmallFile } from '../input.js';
import type { Session } from '../session.js';
import { writeRootFile } from './root-file.js';

const KEY_BITS = 4096;

export interface InitOptions {
  readonly account?: string;
  readonly accountKey?: string;
  readonly key?: string;
}

/** Makes this installation an authority: with a root of its own, or with one that is there already. */
export async function initAuthority(session: Session, name: string | null, options: InitOptions): Promise<undefined> {
  const isGiven = options.account !== undefined || options.accountKey !== undefined || options.key !== undefined;
  if (isGiven === (name !== null)) {
    throw new UsageError(
      'an authority has a name of its own, or the account of an existing root',
      '"authority init NAME", or "authority init --account FILE --account-key FILE --key FILE"',
    );
  }
  // Read before another user of the machine takes over.
  const given = isGiven ? await readGivenRoot(options) : null;
  await session.withStore(async (store) => {
    const { AuthorityService } = await import('../../modules/registration/index.js');
    const service = store.get(AuthorityService);
    await service.refuseToReplace();
    const { root, key } = given ?? (await makeNewRoot(session, name ?? ''));
    session.signal.throwIfAborted();
    const identity = await service.found(root, key);
    const rootFile = await writeRootFile(session.dataDir, identity);
    session.out.result({ accountId: identity.accountId, keyId: identity.keyId, rootFile }, () =>
      [
        `This is the registration authority ${identity.accountId} now.`,
        `Stores and devices that are to believe it need its root: ${rootFile}`,
        '  snap-store-proxy config proxy.trust.extra-roots=/path/to/that/file',
        'Next: snap-store-proxy authority add-operator EMAIL',
      ].join('\n'),
    );
  });
}

async function makeNewRoot(session: Session, name: string) {
  const [{ makeRoot }, { SigningKey }] = await Promise.all([
    import('../../modules/registration/index.js'),
    import('../../formats/assertion/index.js'),
  ]);
  const progress = session.progress('authority');
  progress.report({ step: `making an RSA key of ${KEY_BITS} bits`, done: 0, total: null, unit: 'items' });
  try {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS });
    const root = makeRoot(name, new SigningKey(privateKey), new Date());
    return { root, key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  } finally {
    progress.end();
  }
}

async function readGivenRoot({ account, accountKey, key }: InitOptions) {
  if (account === undefined || accountKey === undefined || key === undefined) {
    throw new UsageError('an existing root is --account, --account-key and --key together');
  }
  const [{ readAssertionFile }, { SigningKey }, { readRoot }] = await Promise.all([
    import('../../modules/assertions/offline.js'),
    import('../../formats/assertion/index.js'),
    import('../../modules/registration/index.js'),
  ]);
  const assertions = [...(await readAssertionFile(account)), ...(await readAssertionFile(accountKey))];
  const bytes = await readSmallFile(key);
  const text = bytes.toString('utf8');
  const signer = text.includes('BEGIN PGP') ? SigningKey.fromArmored(text) : new SigningKey(readPem(text, key));
  return { root: readRoot(assertions, signer), key: bytes };
}

function readPem(text: string, file: string) {
  try {
    return createPrivateKey(text);
  } catch {
    throw new UsageError(`${file} holds no private key without passphrase, in PEM or armored OpenPGP`);
  }
}
