import { basename } from 'node:path';
import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { readSmallFile } from '../input.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addSigners(parent: Command, commandLine: CommandLine): void {
  const signers = parent.command('signers').description('say whose signatures on bundles this store accepts');
  example(signers, 'snap-store-proxy signers list');
  const listing = signers
    .command('list')
    .description('list the known signers')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy signers list');
  const adding = signers
    .command('add')
    .description('make a signer known by its public key')
    .argument('<file>', 'an Ed25519 public key in PEM')
    .option('--name <name>', "what to call it (default: the file's name)")
    .action((file: string, options: { readonly name?: string }) =>
      commandLine.run((session) => add(session, file, options.name ?? basename(file))),
    );
  example(adding, 'snap-store-proxy signers add connected-side.pem --name laptop');
  const removing = signers
    .command('remove')
    .description('accept nothing further from a signer; what came with its signature stays')
    .argument('<id>', 'as "signers list" prints it')
    .action((id: string) => commandLine.run((session) => remove(session, id)));
  example(removing, 'snap-store-proxy signers remove N3Qm0ZbLxUuUVXkqJ0mR1xW9l3n2b8Yw5f7q4d6s8a0c2e4g6i8k0m2o4q6s8u0w');
}

async function list(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SignerService } = await import('../../modules/snap-import/index.js');
    const known = await store.get(SignerService).list();
    const signers = known.map(({ keyId, name, publicKey, addedAt }) => ({ id: keyId, name, publicKey, addedAt }));
    session.out.result({ signers }, () =>
      renderTable(
        ['Id', 'Name', 'Added'],
        signers.map(({ id, name, addedAt }) => [id, name, addedAt.toISOString().slice(0, 10)]),
      ),
    );
  });
}

async function add(session: Session, file: string, name: string): Promise<undefined> {
  const pem = (await readSmallFile(file)).toString('utf8');
  await session.withStore(async (store) => {
    const { SignerService } = await import('../../modules/snap-import/index.js');
    const { keyId, wasKnown } = await store.get(SignerService).add(pem, name);
    session.out.result({ id: keyId, wasKnown }, () => `${keyId} ${wasKnown ? 'was known already' : 'is known now'}`);
  });
}

async function remove(session: Session, id: string): Promise<undefined> {
  await session.withStore(async (store) => {
    const { SignerService } = await import('../../modules/snap-import/index.js');
    await store.get(SignerService).remove(id);
    session.out.result({ id }, () => `${id} is not known any more`);
  });
}
