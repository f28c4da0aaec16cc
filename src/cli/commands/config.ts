import type { Command } from 'commander';

import type { Configuration, SettingChanges } from '../../platform/config/configuration.js';
import { checkSetting, settingDefinition, type Settings } from '../../platform/config/settings.js';
import { TerminalOutputRefusedError, UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { openConfiguration } from '../configuration.js';
import { describeError } from '../errors.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { readInput } from '../input.js';
import type { Session } from '../session.js';

interface ConfigOptions {
  readonly exportYaml?: boolean;
  readonly importYaml?: boolean;
}

export function addConfig(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('config')
    .description('show and change the settings of this store')
    .argument(
      '[setting...]',
      'KEY shows a raw value (secrets stay hidden), KEY=VALUE sets it, KEY= takes it away; none shows all',
    )
    .option('--export-yaml', 'write all that is stored as YAML, secrets sealed, into a file or a pipe')
    .option('--import-yaml', 'set everything that YAML on standard input says; what it does not name stays')
    .action((words: string[], options: ConfigOptions) =>
      commandLine.run((session) => {
        if (options.exportYaml === true || options.importYaml === true) return transfer(session, words, options);
        if (words.length === 0) return list(session);
        const assignments = words.filter((word) => word.includes('='));
        if (assignments.length === 0) return show(session, words);
        if (assignments.length === words.length) return change(session, parseAssignments(words));
        throw new UsageError('KEY and KEY=VALUE do not go together', 'first set, then show');
      }),
    );
  example(
    command,
    'snap-store-proxy config',
    'snap-store-proxy config proxy.domain=snaps.internal proxy.port.http=8000',
    'snap-store-proxy config proxy.port.http=',
    'snap-store-proxy config --export-yaml > store-config.yaml',
  );
}

async function list(session: Session): Promise<ExitCode | undefined> {
  const { SETTING_KEYS } = await import('../../platform/config/setting-definitions.js');
  const { configuration, settings } = await openConfiguration(session);
  let problem: unknown = null;
  // A wrong proxy.db.connection must not hide itself.
  const known = await configuration.read(SETTING_KEYS).catch((error: unknown) => {
    problem = error;
    return settings;
  });
  const entries = SETTING_KEYS.map((key) => ({ key, value: known.redacted(key), source: known.lookup(key).source }));
  session.out.result(
    Object.fromEntries(
      entries.map(({ key, value, source }) => [key, { value, source: value === null ? null : source }]),
    ),
    () => entries.map(({ key, value, source }) => settingLine(session, key, value, source)).join('\n'),
  );
  if (problem === null) return EXIT.done;
  const { message, exitCode } = describeError(problem);
  session.out.note(`what the database keeps is not shown: ${message}`);
  return exitCode;
}

async function show(session: Session, keys: readonly string[]): Promise<undefined> {
  const { configuration } = await openConfiguration(session, keys);
  const settings = await configuration.read(keys);
  const shown = keys.map((key) => [key, isSecret(key) ? settings.redacted(key) : settings.get(key)] as const);
  session.out.result(Object.fromEntries(shown), () =>
    shown.map(([, value]) => (value?.endsWith('\n') === true ? value : `${value ?? ''}\n`)).join(''),
  );
  for (const [key, value] of shown) if (value !== null && isSecret(key)) session.out.note(secretNote(key));
}

function isSecret(key: string): boolean {
  return settingDefinition(key).secret === true;
}

function secretNote(key: string): string {
  const { managedBy } = settingDefinition(key);
  const change = managedBy ?? `config ${key}=VALUE`;
  return `${key} is kept sealed and never shown; --export-yaml carries it sealed, and ${change} replaces it`;
}

async function change(session: Session, changes: SettingChanges): Promise<undefined> {
  const { configuration, settings } = await openConfiguration(session, [...changes.keys()]);
  await apply(session, configuration, changes);
  session.out.result(Object.fromEntries([...changes.keys()].map((key) => [key, echoOf(settings, key, changes)])), () =>
    [...changes.keys()].map((key) => `${key}: ${echoOf(settings, key, changes) ?? ''}`.trimEnd()).join('\n'),
  );
  for (const key of changes.keys()) {
    const { source } = settings.lookup(key);
    if (source === 'flag' || source === 'environment' || source === 'file') {
      session.out.note(
        `${key} is stored, but the ${source === 'file' ? '--config file' : source} has another say for now`,
      );
    }
  }
}

const EXTRA_ROOTS = 'proxy.trust.extra-roots';
const REPAIR_ROOTS = 'proxy.trust.repair-roots';

async function apply(session: Session, configuration: Configuration, changes: SettingChanges): Promise<void> {
  await checkRoots(configuration, changes);
  const [{ guardDatabaseMove }, { guardSealMove }] = await Promise.all([
    import('../database-move.js'),
    import('../seal-move.js'),
  ]);
  await checkCertificate(session, configuration, changes);
  await configuration.change(changes, async (bootstrap) => {
    await guardSealMove(session, bootstrap);
    await guardDatabaseMove(session, bootstrap);
  });
}

async function checkRoots(configuration: Configuration, changes: SettingChanges): Promise<void> {
  const keys = [EXTRA_ROOTS, REPAIR_ROOTS];
  if (!keys.some((key) => typeof changes.get(key) === 'string')) return;
  for (const key of keys) {
    const value = changes.get(key) ?? null;
    if (value !== null) checkSetting(key, value);
  }
  const settings = await configuration.read(keys);
  const filesOf = (key: string): readonly string[] =>
    changes.has(key) ? (changes.get(key)?.split(',') ?? []) : settings.list(key);
  const { readTrustedRoots } = await import('../../modules/assertions/offline.js');
  await readTrustedRoots(filesOf(EXTRA_ROOTS), filesOf(REPAIR_ROOTS));
}

async function checkCertificate(
  session: Session,
  configuration: Configuration,
  changes: SettingChanges,
): Promise<void> {
  const { CERTIFICATE_SETTING, checkPair, KEY_SETTING } = await import('../../modules/https/offline.js');
  const pair = [CERTIFICATE_SETTING, KEY_SETTING];
  if (!pair.some((key) => typeof changes.get(key) === 'string')) return;
  for (const key of pair) {
    const value = changes.get(key) ?? null;
    if (value !== null) checkSetting(key, value);
  }
  const settings = await configuration.read(pair);
  const [certPem = null, key = null] = pair.map((one) => (changes.has(one) ? changes.get(one) : settings.get(one)));
  const [{ Sealing }, { DataDirectory }] = await Promise.all([
    import('../../platform/sealing/index.js'),
    import('../../platform/config/data-directory.js'),
  ]);
  await checkPair(new Sealing(settings, new DataDirectory(session.dataDir)), { certPem, key });
}

async function transfer(session: Session, words: readonly string[], options: ConfigOptions): Promise<undefined> {
  if (words.length > 0) throw new UsageError('--export-yaml and --import-yaml take no settings');
  if (options.exportYaml === true && options.importYaml === true) {
    throw new UsageError('--export-yaml and --import-yaml do not go together');
  }
  const { settingsYaml, parseSettingsYaml } = await import('../../platform/config/settings-file.js');
  if (options.exportYaml === true) {
    if (session.out.stdoutIsTerminal) {
      throw new TerminalOutputRefusedError(
        'the configuration holds secrets and is not written to a terminal: a file or a pipe is needed',
      );
    }
    const { SETTING_KEYS } = await import('../../platform/config/setting-definitions.js');
    const { configuration } = await openConfiguration(session);
    session.out.raw(settingsYaml((await configuration.read(SETTING_KEYS)).stored()));
    return;
  }
  const text = await readInput(session.io, 'the YAML that --export-yaml wrote');
  await change(session, parseSettingsYaml(text, 'standard input'));
}

function parseAssignments(words: readonly string[]): SettingChanges {
  const changes = new Map<string, string | null>();
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, at);
    if (changes.has(key)) throw new UsageError(`${key} is set twice`);
    const { managedBy } = settingDefinition(key);
    if (managedBy !== undefined) throw new UsageError(`${key} is not set by hand`, `what sets it: ${managedBy}`);
    const value = word.slice(at + 1);
    changes.set(key, value === '' ? null : value);
  }
  return changes;
}

/** A line of YAML, the source as its comment. */
function settingLine(session: Session, key: string, value: string | null, source: string): string {
  const comment = session.out.paint('dim', `# ${value === null ? 'unset' : source}`);
  if (value?.includes('\n') === true) return `${key}: |  ${comment}\n  ${value.trimEnd().replaceAll('\n', '\n  ')}`;
  return `${key}: ${value ?? ''}${value === null ? '' : '  '}${comment}`;
}

function echoOf(settings: Settings, key: string, changes: SettingChanges): string | null {
  const value = changes.get(key) ?? null;
  return value === null ? null : settings.redact(key, value);
}
