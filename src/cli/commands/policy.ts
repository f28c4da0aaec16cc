import { stringify } from 'yaml';
import type { Command } from 'commander';

import type { ImportSource } from '../../formats/bundle/index.js';
import type { PolicyDocument } from '../../modules/airgap-policy/index.js';
import type { CommandLine } from '../command-line.js';
import { describeError, type ReportedError } from '../errors.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { readSmallFile } from '../input.js';
import { parseNumber } from '../options.js';
import type { Session } from '../session.js';
import { renderTable } from '../table.js';

const parseVersion = parseNumber(1, 2 ** 31 - 1);

export function addPolicy(parent: Command, commandLine: CommandLine): void {
  const policy = parent.command('policy').description('decide what may enter this store, whoever pushes it');
  example(policy, 'snap-store-proxy policy set policy.yaml');
  const showing = policy
    .command('show')
    .description('show the rules in force, or an earlier version of them')
    .argument('[version]', 'as "policy history" prints it', parseVersion)
    .action((version?: number) => commandLine.run((session) => show(session, version ?? null)));
  example(showing, 'snap-store-proxy policy show > policy.yaml');
  const setting = policy
    .command('set')
    .description('put rules in force for what is imported from now on; what is held stays')
    .argument('<file>', 'YAML or JSON; "policy set --help" shows an example')
    .action((file: string) => commandLine.run((session) => set(session, file)));
  setting.addHelpText('after', DOCUMENT_HELP);
  const listing = policy
    .command('history')
    .description('list all versions of the rules, newest first')
    .action(() => commandLine.run(history));
  example(listing, 'snap-store-proxy policy history');
  const testing = policy
    .command('test')
    .description('say whether files could be imported, and which rules keep them out; changes nothing')
    .argument('<file...>', 'what push-snap takes')
    .option('--document <file>', 'by these rules instead of those in force')
    .action((files: string[], options: { readonly document?: string }) =>
      commandLine.run((session) => test(session, files, options.document ?? null)),
    );
  example(
    testing,
    'snap-store-proxy policy test jq_6.snap',
    'snap-store-proxy policy test --document draft.yaml incoming/',
  );
}

const DOCUMENT_HELP = `
A document. What is in "deny" stays out; where there is an "allow", everything else stays out too. All of it is optional:
  format: 1
  publishers: { allow: [canonical, 4otUHvJ0Mp8wvY9nwd0lCJ5CLZqZaiWN] }   # user names or account ids
  snaps: { deny: [mined-*, 6OcG4N9SNv6FQeWBRdLdZXk5QcSrCxVc] }           # names with * for anything, or snap ids
  confinement: { allow: [strict] }                                     # strict, classic, devmode
  interfaces: { deny: [docker-support, system-files] }                 # of plugs and slots
  architectures: { allow: [amd64, arm64, all] }                        # all that a snap runs on
  size: { max: 2GiB }                                                  # of a snap file

Example:
  snap-store-proxy policy set policy.yaml`;

async function show(session: Session, version: number | null): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ImportRules } = await import('../../modules/airgap-policy/index.js');
    const rules = store.get(ImportRules);
    const policy = version === null ? await rules.inForce() : await rules.version(version);
    if (policy === null) {
      session.out.result(
        { version: null, document: null },
        () => '# No rules are set: whatever is verified may enter.',
      );
      return;
    }
    const { document, setAt, setBy } = policy;
    session.out.result(
      { version: policy.version, setAt, setBy, document },
      () => `# version ${policy.version}, set ${setAt.toISOString()} by ${setBy}\n${renderDocument(document)}`,
    );
  });
}

async function set(session: Session, file: string): Promise<undefined> {
  const [{ parsePolicy }, { whoTypes }] = await Promise.all([
    import('../../modules/airgap-policy/index.js'),
    import('../os-user.js'),
  ]);
  const by = whoTypes();
  const document = parsePolicy((await readSmallFile(file)).toString('utf8'), file);
  await session.withStore(async (store) => {
    const { ImportRules } = await import('../../modules/airgap-policy/index.js');
    const { version, isNew } = await store.get(ImportRules).set(document, by);
    session.out.result({ version, isNew }, () =>
      isNew ? `version ${version} of the policy is in force` : `version ${version} of the policy says the same already`,
    );
  });
}

async function history(session: Session): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ImportRules } = await import('../../modules/airgap-policy/index.js');
    const versions = await store.get(ImportRules).history();
    session.out.result({ versions: versions.map(({ version, setAt, setBy }) => ({ version, setAt, setBy })) }, () =>
      renderTable(
        ['Version', 'Set', 'By'],
        versions.map(({ version, setAt, setBy }) => [String(version), setAt.toISOString(), setBy]),
      ),
    );
  });
}

interface Verdict {
  readonly file: string;
  /** Null: it may enter. */
  readonly error: ReportedError | null;
}

async function test(session: Session, files: readonly string[], documentFile: string | null): Promise<ExitCode> {
  const [{ planImport }, { parsePolicy }] = await Promise.all([
    import('../../formats/bundle/index.js'),
    import('../../modules/airgap-policy/index.js'),
  ]);
  const draft =
    documentFile === null ? null : parsePolicy((await readSmallFile(documentFile)).toString('utf8'), documentFile);
  const sources: ImportSource[] = [];
  for (const file of files) sources.push(...(await planImport(file)).sources);
  return session.withStore(async (store) => {
    const [{ ImportRules }, { ImportService }] = await Promise.all([
      import('../../modules/airgap-policy/index.js'),
      import('../../modules/snap-import/index.js'),
    ]);
    const imports = store.get(ImportService);
    const verdicts: Verdict[] = [];
    const tryAll = async (): Promise<void> => {
      for (const source of sources) {
        const error = await imports.import(source, { dryRun: true, signal: session.signal }).then(
          () => null,
          (thrown: unknown) => describeError(thrown),
        );
        session.signal.throwIfAborted();
        verdicts.push({ file: source.path, error });
        session.out.text(error === null ? `OK ${source.path}` : `REFUSED ${error.message} (${error.code})`);
      }
    };
    await (draft === null ? tryAll() : store.get(ImportRules).tryOut(draft, tryAll));
    session.out.result({ files: verdicts }, () => '');
    return verdicts.find(({ error }) => error !== null)?.error?.exitCode ?? EXIT.done;
  });
}

/** As it can be set again. */
function renderDocument({ size, ...rules }: PolicyDocument): string {
  return stringify({ ...rules, ...(size === undefined ? {} : { size: { max: size.maxBytes } }) });
}
