import type { Command } from 'commander';

import type { Assertion } from '../../formats/assertion/index.js';
import { messageOf } from '../../kernel/store-error.js';
import type { AssertionPage } from '../../modules/assertions/index.js';
import { AssertionNotHeldError, UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { repeatable } from '../options.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

export function addAssertions(parent: Command, commandLine: CommandLine): void {
  const assertions = parent
    .command('assertions')
    .description('verify assertions, and handle those that the store holds');
  example(assertions, 'snap-store-proxy assertions verify jq_6.assert');
  const verify = assertions
    .command('verify')
    .description('check each assertion against the trusted roots; needs no store')
    .argument('<file...>', 'files of assertions, which may be prerequisites for each other')
    .option('--extra-root <file>', "trust the accounts in this file beside Canonical's (repeatable)", repeatable, [])
    .option('--repair-root <file>', 'trust repairs from the account-keys in this file too (repeatable)', repeatable, [])
    .action((files: string[], options: { readonly extraRoot: string[]; readonly repairRoot: string[] }) =>
      commandLine.run((session) =>
        verifyFiles(session, files, { extraRoots: options.extraRoot, repairRoots: options.repairRoot }),
      ),
    );
  example(
    verify,
    'snap-store-proxy assertions verify jq_6.assert',
    'snap-store-proxy assertions verify --extra-root lab-root.assert lab.assert',
  );
  const listing = assertions
    .command('list')
    .description('list the assertions that the store holds')
    .option('--type <type>', 'only of this type')
    .action((options: { readonly type?: string }) => commandLine.run((session) => list(session, options.type ?? null)));
  example(listing, 'snap-store-proxy assertions list --type account-key');
  const showing = assertions
    .command('show')
    .description('print an assertion byte for byte as its authority signed it')
    .argument('<type>', 'such as snap-declaration')
    .argument('<key...>', 'its primary key, in order; trailing optional keys may be left out')
    .action((type: string, key: string[]) => commandLine.run((session) => show(session, type, key)));
  example(showing, 'snap-store-proxy assertions show account canonical');
  const pushing = assertions
    .command('push')
    .description('take assertions into the store: all of the files or, where one is refused, nothing')
    .argument('<file...>', 'files of assertions, which may be prerequisites for each other')
    .action((files: string[]) => commandLine.run((session) => push(session, files)));
  example(pushing, 'snap-store-proxy assertions push model.assert validation-set.assert');
}

/** The incumbent's name for pushing account-keys. */
export function addPushAccountKeys(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('push-account-keys')
    .description('take account-key assertions into the store (as "assertions push")')
    .argument('<file>', 'a file of assertions')
    .action((file: string) => commandLine.run((session) => push(session, [file])));
  example(command, 'snap-store-proxy push-account-keys brand-keys.assert');
}

/** Checks each against the trusted roots, and ends with 3 where one is refused. */
async function verifyFiles(
  { out }: Session,
  files: readonly string[],
  roots: { readonly extraRoots: readonly string[]; readonly repairRoots: readonly string[] },
): Promise<ExitCode> {
  const [{ checkAssertionFiles, checkLine }, { SystemClock }] = await Promise.all([
    import('../../modules/assertions/offline.js'),
    import('../../kernel/clock.js'),
  ]);
  const checked = await checkAssertionFiles(files, roots, new SystemClock());
  const isSound = checked.every(({ refusal }) => refusal === null);
  out.result({ isSound, assertions: checked }, () => checked.map(checkLine).join('\n'));
  return isSound ? EXIT.done : EXIT.verification;
}

async function list(session: Session, type: string | null): Promise<undefined> {
  const { assertionType } = await import('../../formats/assertion/index.js');
  const filter = type === null ? {} : { type: named(() => assertionType(type)).name };
  await session.withStore(async (store) => {
    const { AssertionService } = await import('../../modules/assertions/index.js');
    const service = store.get(AssertionService);
    const lines: {
      type: string;
      primaryKey: readonly string[];
      revision: number;
      format: number;
      authority: string;
    }[] = [];
    for (let after: string | null = null; ;) {
      const page: AssertionPage = await service.list(filter, after);
      lines.push(
        ...page.assertions.map((assertion) => ({
          type: assertion.type.name,
          primaryKey: assertion.primaryKey,
          revision: assertion.revision,
          format: assertion.format,
          authority: assertion.authorityId,
        })),
      );
      if (page.next === null) break;
      after = page.next;
    }
    session.out.result({ assertions: lines }, () =>
      renderTable(
        ['Type', 'Primary-key', 'Revision', 'Authority'],
        lines.map((line) => [line.type, line.primaryKey.join('/'), String(line.revision), line.authority]),
      ),
    );
  });
}

async function show(session: Session, type: string, key: readonly string[]): Promise<undefined> {
  const { assertionRef } = await import('../../formats/assertion/index.js');
  const ref = named(() => assertionRef(type, key));
  await session.withStore(async (store) => {
    const { AssertionService } = await import('../../modules/assertions/index.js');
    const assertion = await store.get(AssertionService).find(ref);
    if (assertion === null) throw new AssertionNotHeldError(`this store holds no ${ref.toString()}`);
    const encoded = assertion.encoded.toString('utf8');
    if (session.out.isText) session.out.raw(encoded.endsWith('\n') ? encoded : `${encoded}\n`);
    const { headers, body, revision, format } = assertion;
    session.out.result({ type, revision, format, headers, body: body.toString('utf8'), encoded }, () => '');
  });
}

async function push(session: Session, files: readonly string[]): Promise<undefined> {
  const { readAssertionFile } = await import('../../modules/assertions/offline.js');
  const batch: Assertion[] = [];
  for (const file of files) batch.push(...(await readAssertionFile(file)));
  await session.withStore(async (store) => {
    const { AssertionService } = await import('../../modules/assertions/index.js');
    const { outcomes, ...counts } = await store.get(AssertionService).add(batch);
    const lines = outcomes.map(({ assertion, outcome }) => ({ assertion: assertion.toString(), outcome }));
    session.out.result({ ...counts, assertions: lines }, () =>
      lines.map(({ assertion, outcome }) => `${assertion}: ${outcome}`).join('\n'),
    );
    const { noteMissing } = await import('./validation-sets.js');
    const sets = outcomes.map(({ assertion }) => assertion).filter(({ type }) => type.name === 'validation-set');
    await noteMissing(session, store, sets);
  });
}

/** What an operator types is no assertion that could be refused. */
function named<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
