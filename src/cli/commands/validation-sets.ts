import type { Command } from 'commander';
import type { INestApplicationContext } from '@nestjs/common';

import type { ValidationSetDraft } from '../../formats/validation-set/index.js';
import type { CheckedSet, Demand, NamedSet, ValidationSetService } from '../../modules/validation-sets/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { readSmallFile } from '../input.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

interface SignOptions {
  readonly key: string;
  readonly allowMissing?: true;
}

const NAMED =
  /^(?:(?<account>[a-zA-Z0-9]{32}|[-a-z0-9]{2,28})\/)?(?<name>[a-z0-9](?:-?[a-z0-9])*)(?:=(?<sequence>[1-9][0-9]{0,9}))?$/;

const FILE_HELP = `
The file, in YAML or JSON, has the keys of the assertion; what is left out is filled in:
  name: classroom
  snaps:
    - name: jq             # its id, where the store holds it
      revision: 6          # any revision
      presence: required   # or optional, or invalid
      components: { docs: optional }
  sequence: 4              # the next one
  account-id: acme         # the account of the key`;

export function addValidationSets(parent: Command, commandLine: CommandLine): void {
  const sets = parent
    .command('validation-sets')
    .description('see which snaps validation sets put together, and whether they are held; sign new ones');
  example(sets, 'snap-store-proxy validation-sets list');
  const listing = sets
    .command('list')
    .description('list the validation sets that the store holds')
    .action(() => commandLine.run(list));
  example(listing, 'snap-store-proxy validation-sets list');
  const showing = sets
    .command('show')
    .description('show what a set says, and whether devices can get it from this store')
    .argument('<name>', 'NAME or ACCOUNT/NAME, of the latest sequence or with =SEQUENCE')
    .action((name: string) => commandLine.run((session) => show(session, name)));
  example(showing, 'snap-store-proxy validation-sets show acme/classroom=3');
  const creating = signing(
    sets.command('create').description('sign a validation set with a key of this store, and take it in for devices'),
  ).action((file: string, options: SignOptions) => commandLine.run((session) => create(session, file, options)));
  example(creating, 'snap-store-proxy validation-sets create classroom.yaml --key sets');
  const printing = signing(
    sets.command('sign').description('sign a validation set with a key of this store, and print it; nothing is kept'),
  ).action((file: string, options: SignOptions) => commandLine.run((session) => sign(session, file, options)));
  example(
    printing,
    'snap-store-proxy validation-sets sign classroom.yaml --key N3Qm0ZbLxUuUVXkqJ0mR1xW9l3n2b8Yw5f7q4d6s8a0c2e4g6i8k0m2o4q6s8u0w > set.assert',
  );
}

/** Tells of sets that came in and that no device can meet with what is held. */
export async function noteMissing(
  session: Session,
  store: INestApplicationContext,
  sets: readonly CheckedSet['assertion'][],
): Promise<void> {
  if (sets.length === 0) return;
  for (const { title, missing } of await (await serviceOf(store)).check(sets)) {
    if (missing.length === 0) continue;
    session.out.note(`validation set ${title} requires what this store does not hold: ${missing.join(', ')}`);
  }
}

function signing(command: Command): Command {
  return command
    .argument('<file>', 'what the set says')
    .requiredOption(
      '--key <id>',
      'the key to sign with: its id as "keys list" prints it, or the name of a brand\'s key; an account-key says whose it is',
    )
    .option('--allow-missing', 'sign although the set requires what is not held')
    .addHelpText('after', FILE_HELP);
}

async function list(session: Session): Promise<undefined> {
  await withSets(session, async (service) => {
    const sets = await service.list();
    session.out.result({ validationSets: sets.map(viewOf) }, () =>
      renderTable(
        ['Account', 'Name', 'Sequence', 'Revision', 'Snaps', 'Held'],
        sets.map(({ set, missing }) => [
          set.accountId,
          set.name,
          String(set.sequence),
          String(set.revision),
          String(set.snaps.length),
          missing.length === 0 ? 'all' : `without ${missing.join(', ')}`,
        ]),
      ),
    );
  });
}

async function show(session: Session, name: string): Promise<undefined> {
  const named = readName(name);
  await withSets(session, async (service) => {
    const checked = await service.show(named);
    session.out.result(viewOf(checked), () => [...headOf(checked), '', tableOf(checked.demands)].join('\n'));
  });
}

async function create(session: Session, file: string, options: SignOptions): Promise<undefined> {
  const draft = await readDraft(file);
  await withSets(session, async (service) => {
    const made = await service.create(draft, options.key, { allowMissing: options.allowMissing === true });
    noteHeldBack(session, made);
    session.out.result({ ...viewOf(made), outcome: made.outcome }, () =>
      made.outcome === 'unchanged'
        ? `${made.title}: unchanged`
        : `${made.title}: ${made.outcome}, signed by ${made.assertion.signKeyId}`,
    );
  });
}

async function sign(session: Session, file: string, options: SignOptions): Promise<undefined> {
  const draft = await readDraft(file);
  await withSets(session, async (service) => {
    const made = await service.sign(draft, options.key, { allowMissing: options.allowMissing === true });
    noteHeldBack(session, made);
    const encoded = made.assertion.encoded.toString('utf8');
    session.out.result({ ...viewOf(made), encoded }, () => encoded);
  });
}

function noteHeldBack(session: Session, { missing }: CheckedSet): void {
  if (missing.length > 0) session.out.note(`devices cannot meet it before this store holds ${missing.join(', ')}`);
}

function viewOf({ assertion, set, demands, missing }: CheckedSet) {
  const { accountId, name, sequence, revision } = set;
  const common = { accountId, name, sequence, revision, timestamp: assertion.text('timestamp') };
  return { ...common, signKey: assertion.signKeyId, demands, missing };
}

function headOf({ assertion, set, missing }: CheckedSet): string[] {
  return [
    `Account: ${set.accountId}`,
    `Name: ${set.name}`,
    `Sequence: ${set.sequence}`,
    `Revision: ${set.revision}`,
    `Signed: ${assertion.text('timestamp')} by ${assertion.signKeyId}`,
    `Held: ${missing.length === 0 ? 'all that it requires' : `all but ${missing.join(', ')}`}`,
  ];
}

function tableOf(demands: readonly Demand[]): string {
  return renderTable(
    ['Snap', 'Presence', 'Revision', 'Held'],
    demands.map(({ what, presence, revision, isHeld }) => [
      what,
      presence,
      revision === null ? 'any' : String(revision),
      isHeld === null ? '-' : isHeld ? 'yes' : 'no',
    ]),
  );
}

function readName(text: string): NamedSet {
  const { account, name, sequence } = NAMED.exec(text)?.groups ?? {};
  if (name === undefined)
    throw new UsageError(`"${text.slice(0, 100)}" is not NAME, ACCOUNT/NAME or ACCOUNT/NAME=SEQUENCE`);
  return { accountId: account ?? null, name, sequence: sequence === undefined ? null : Number(sequence) };
}

async function readDraft(file: string): Promise<ValidationSetDraft> {
  const { readValidationSetFile } = await import('../../formats/validation-set/index.js');
  return readValidationSetFile((await readSmallFile(file)).toString('utf8'), file);
}

function withSets(session: Session, work: (service: ValidationSetService) => Promise<void>): Promise<void> {
  return session.withStore(async (store) => work(await serviceOf(store)));
}

async function serviceOf(store: INestApplicationContext): Promise<ValidationSetService> {
  const { ValidationSetService } = await import('../../modules/validation-sets/index.js');
  return store.get(ValidationSetService);
}
