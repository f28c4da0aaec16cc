import { Option, type Command } from 'commander';
import type { INestApplicationContext } from '@nestjs/common';

import type { KeyInfo, KeyRole, KeyService } from '../../modules/keys/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { readInput, readSmallFile } from '../input.js';
import { KeyProgressLine } from '../key-progress.js';
import { readSecret } from '../secrets.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

/** What a key can be imported as; brands' keys have names, and are made by "create key". */
const ROLES = ['identity', 'signer', 'authority', 'other'] as const satisfies readonly KeyRole[];
const PASSPHRASE_VARIABLE = 'PROXY_KEY_PASSPHRASE';
const ID_HELP = 'as "keys list" prints it; identity, signer or authority for the active key of that role';

interface ImportOptions {
  readonly role?: KeyRole;
  readonly force?: boolean;
}

interface ExportOptions {
  readonly public?: string;
  readonly signer?: boolean;
  readonly accountKeyRequest?: boolean;
  readonly account?: string;
  readonly name?: string;
}

export function addKeys(parent: Command, commandLine: CommandLine): void {
  const keys = parent.command('keys').description("manage the store's own keys; private halves are sealed at rest");
  example(keys, 'snap-store-proxy keys list');
  const listing = keys
    .command('list')
    .description('list the keys, retired ones too')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy keys list');
  const importing = keys
    .command('import')
    .description(
      `take in a private key, PEM or armored OpenPGP; the passphrase of an encrypted one is asked for, or taken from ${PASSPHRASE_VARIABLE}`,
    )
    .argument('<file>', 'where it is; - for standard input')
    .addOption(
      new Option(
        '--role <role>',
        'what it is for (default: an RSA key is the identity, an Ed25519 key the signer)',
      ).choices(ROLES),
    )
    .option('--force', 'retire the key that has this role now; bring back one that was retired')
    .action((file: string, options: ImportOptions) => commandLine.run((session) => take(session, file, options)));
  example(
    importing,
    'snap-store-proxy keys import identity.pem',
    'gpg --armor --export-secret-keys store | snap-store-proxy keys import - --role authority',
  );
  const exporting = keys
    .command('export')
    .description('print the public half of a key')
    .option('--public <id>', ID_HELP)
    .option('--signer', 'the bundle signer, in the form that "signers add" takes')
    .option('--account-key-request', 'as an assertion that asks an authority to take up the key')
    .option('--account <id>', "with --account-key-request: the account's id")
    .option('--name <name>', 'with --account-key-request: what to call the key there')
    .action((options: ExportOptions) => commandLine.run((session) => exportKey(session, options)));
  example(
    exporting,
    'snap-store-proxy keys export --signer > connected-side.pem',
    'snap-store-proxy keys export --public identity',
    'snap-store-proxy keys export --public identity --account-key-request --account acme --name store > request.assert',
  );
  const rotating = keys
    .command('rotate')
    .description('make a new key in the place of one, and retire that one')
    .argument('<id>', ID_HELP)
    .action((id: string) => commandLine.run((session) => rotate(session, id)));
  example(rotating, 'snap-store-proxy keys rotate signer');
  const retiring = keys
    .command('retire')
    .description('let a key sign nothing any more; what it has signed stays')
    .argument('<id>', ID_HELP)
    .action((id: string) => commandLine.run((session) => retire(session, id)));
  example(retiring, 'snap-store-proxy keys retire signer');
}

async function list(session: Session): Promise<undefined> {
  await withKeys(session, async (service) => {
    const keys = await service.list();
    session.out.result({ keys }, () =>
      renderTable(
        ['Id', 'Role', 'Algorithm', 'State', 'Created'],
        keys.map(({ id, role, algorithm, state, createdAt }) => [id, role, algorithm, state, dayOf(createdAt)]),
      ),
    );
  });
}

async function take(session: Session, file: string, options: ImportOptions): Promise<undefined> {
  const what = file === '-' ? 'the key on standard input' : file;
  const bytes = file === '-' ? Buffer.from(await readInput(session.io, 'a private key')) : await readSmallFile(file);
  await withKeys(session, async (service) => {
    const { KeyPassphraseNeededError } = await import('../../modules/keys/index.js');
    const role = options.role ?? null;
    const force = options.force === true;
    const key = await service.importKey(bytes, role, { force }).catch(async (error: unknown) => {
      if (!(error instanceof KeyPassphraseNeededError)) throw error;
      const passphrase = await readSecret(session.io, {
        what: `the passphrase of ${what}`,
        variable: PASSPHRASE_VARIABLE,
      });
      return service.importKey(bytes, role, { force, passphrase });
    });
    session.out.result(key, () => `${key.id} is the store's ${described(key)}`);
  });
}

async function exportKey(session: Session, options: ExportOptions): Promise<undefined> {
  const { account, name } = options;
  if ((options.public === undefined) !== (options.signer === true))
    throw new UsageError('say which key: --public ID or --signer', 'the ids are in "snap-store-proxy keys list"');
  const isRequest = options.accountKeyRequest === true;
  if (isRequest !== (account !== undefined) || isRequest !== (name !== undefined))
    throw new UsageError('--account-key-request, --account and --name go together');
  await withKeys(session, async (service) => {
    const { id, publicPem } = await named(service, options.public ?? 'signer');
    if (!isRequest || account === undefined || name === undefined) {
      session.out.result({ id, publicPem }, () => publicPem);
      return;
    }
    const request = (await service.accountKeyRequest(id, { accountId: account, name })).encoded.toString('utf8');
    session.out.result({ id, accountKeyRequest: request }, () => request);
  });
}

async function rotate(session: Session, id: string): Promise<undefined> {
  await withKeys(session, async (service) => {
    const old = await named(service, id);
    const key = await KeyProgressLine.during(session, 'keys rotate', (onProgress) =>
      service.rotate(old.id, { onProgress, signal: session.signal }),
    );
    session.out.result({ key, retired: await service.get(old.id) }, () =>
      [`${key.id} is the store's ${described(key)}`, `${old.id} is retired`].join('\n'),
    );
    session.out.note(consequenceOf(old));
  });
}

async function retire(session: Session, id: string): Promise<undefined> {
  await withKeys(session, async (service) => {
    const key = await service.retire((await named(service, id)).id);
    session.out.result(key, () => `${key.id} is retired`);
    session.out.note(consequenceOf(key));
  });
}

/** Works with the keys by id, or by the role that has one active key. */
async function named(service: KeyService, id: string): Promise<KeyInfo> {
  if (id !== 'identity' && id !== 'signer' && id !== 'authority') return service.get(id);
  const { NoActiveKeyError } = await import('../../modules/keys/index.js');
  const key = await service.find(id);
  if (key === null) throw new NoActiveKeyError(id);
  return key;
}

const CONSEQUENCES: Readonly<Record<KeyRole, string>> = {
  identity: 'what was registered with this identity has to be registered again',
  signer:
    'stores that know the old signer accept its bundles until "signers remove" there; they have to be told of a new one',
  authority: 'what this key has signed stays valid; a new one signs once an account-key says that it may',
  brand: 'serial policies that sign with it need another key: "create serial-policy"',
  other: 'whatever names this key has to name another one',
};

function consequenceOf({ role }: KeyInfo): string {
  return CONSEQUENCES[role];
}

function described({ role, algorithm, accountId, name }: KeyInfo): string {
  const kind = algorithm === 'rsa' ? 'RSA' : 'Ed25519';
  if (role === 'brand') return `key "${name ?? ''}" of ${accountId ?? ''} (${kind})`;
  return role === 'other' ? `key for other uses (${kind})` : `${role} (${kind})`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function withKeys(session: Session, work: (service: KeyService) => Promise<void>): Promise<void> {
  return session.withStore(async (store: INestApplicationContext) => {
    const { KeyService } = await import('../../modules/keys/index.js');
    await work(store.get(KeyService));
  });
}
