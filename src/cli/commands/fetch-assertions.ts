import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';

import type { ConnectedSide } from '../../connected-side.js';
import type { FetchedAssertions, WantedAssertion } from '../../modules/snap-fetch/index.js';
import type { OnlineStore } from '../../modules/upstream/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { renderBytes } from '../table.js';

interface FetchAssertionsOptions {
  readonly output?: string;
  readonly bundle?: true;
  readonly exportDir?: string;
  readonly auth?: string;
  readonly store?: string;
}

/** What was written. */
interface Written {
  readonly path: string;
  readonly sizeBytes: number;
  readonly bundleId: string | null;
  /** Of a bundle; a stream of assertions needs no signature of its own. */
  readonly signer: string | null;
  readonly notes: readonly string[];
}

export function addFetchAssertions(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('fetch-assertions')
    .description('connected side: fetch assertions alone, with all that they need up to a trusted root')
    .argument('<type>', 'validation-set, model, account, account-key, or any other type')
    .argument(
      '<name...>',
      'ACCOUNT/NAME[=SEQUENCE] of validation sets, BRAND/MODEL, account ids, key ids; of other types the primary key, with / between its parts',
    )
    .option('--output <file>', 'the file to write (default: <type>-<YYYYMMDDTHHMMSS>.assert)')
    .option('--bundle', 'write a bundle, signed as those of fetch-snaps are, instead of a stream of assertions')
    .option('--export-dir <dir>', 'where to write without --output (default: here)')
    .option('--auth <file>', 'log in with what "snapcraft export-login" has written')
    .option('--store <id>', "fetch from this store of one's own")
    .addHelpText(
      'after',
      '\nOn the other side "assertions push FILE" takes it in, or "push-snap FILE" where it is a bundle.',
    )
    .action((type: string, names: string[], options: FetchAssertionsOptions) =>
      commandLine.run((session) => fetch(session, type, names, options)),
    );
  example(
    command,
    'snap-store-proxy fetch-assertions validation-set canonical/classroom=3',
    'snap-store-proxy fetch-assertions model canonical/ubuntu-core-24-amd64 --bundle',
    'snap-store-proxy fetch-assertions system-user acme/ops@example.org',
  );
}

async function fetch(
  session: Session,
  type: string,
  names: readonly string[],
  options: FetchAssertionsOptions,
): Promise<undefined> {
  if (options.bundle === true && options.output !== undefined)
    throw new UsageError('--output does not go with --bundle', '--export-dir says where the bundle is written');
  const [{ readAssertionNames }, { readSmallFile }] = await Promise.all([
    import('../fetching/assertion-names.js'),
    import('../input.js'),
  ]);
  const wanted = readAssertionNames(type, names);
  const auth = options.auth === undefined ? null : (await readSmallFile(options.auth)).toString('utf8');
  await session.withConnectedSide(async (side) => {
    const { openOnlineStore } = await import('../fetching/online-store.js');
    const online = await openOnlineStore(
      side,
      'fetching assertions',
      { auth, storeId: options.store ?? null },
      session.progress('fetch-assertions'),
    );
    try {
      const fetched = await fetchProven(session, side, online, wanted);
      if (fetched.chain.length === 0) {
        session.out.result({ output: null, wanted: describe(fetched.wanted), assertions: [] }, () =>
          [...describe(fetched.wanted).map((one) => `${one} is a trusted root, which every store has`)].join('\n'),
        );
        return;
      }
      const written =
        options.bundle === true
          ? await writeAsBundle(session, side, online, type, fetched, options)
          : await writeAsStream(type, fetched, options);
      show(session, fetched, written);
    } finally {
      await online.close();
    }
  });
}

async function fetchProven(
  session: Session,
  { assertions }: ConnectedSide,
  online: OnlineStore,
  wanted: readonly WantedAssertion[],
): Promise<FetchedAssertions> {
  const progress = session.progress('fetch-assertions');
  progress.report({ step: 'fetching', done: 0, total: null, unit: 'items' });
  try {
    return await assertions.fetch(wanted, { store: online, signal: session.signal });
  } finally {
    progress.end();
  }
}

async function writeAsStream(
  type: string,
  { chain }: FetchedAssertions,
  { output, exportDir = '.' }: FetchAssertionsOptions,
): Promise<Written> {
  const [{ encodeAssertionStream }, { writeWholeFile }] = await Promise.all([
    import('../../formats/assertion/index.js'),
    import('../whole-file.js'),
  ]);
  const stamp = new Date().toISOString().replace(/[-:]|\.[0-9]+Z$/g, '');
  const path = output === undefined ? resolve(exportDir, `${type}-${stamp}.assert`) : resolve(output);
  const bytes = encodeAssertionStream(chain);
  if (output === undefined) await mkdir(exportDir, { recursive: true });
  await writeWholeFile(path, bytes);
  return { path, sizeBytes: bytes.length, bundleId: null, signer: null, notes: [] };
}

async function writeAsBundle(
  session: Session,
  { fetching }: ConnectedSide,
  online: OnlineStore,
  type: string,
  { wanted, companions }: FetchedAssertions,
  { exportDir = '.' }: FetchAssertionsOptions,
): Promise<Written> {
  const { NOTHING_ASSUMED } = await import('../../formats/bundle/index.js');
  const plan = {
    bundles: [{ name: type, snaps: [], assertions: [...wanted, ...companions], assumes: NOTHING_ASSUMED }],
  };
  const [carried] = await fetching.carry(plan, {
    store: online,
    exportDir: resolve(exportDir),
    jobs: 1,
    splitBytes: null,
    tool: { name: 'snap-store-proxy', version: packageVersion() },
    signal: session.signal,
  });
  if (carried === undefined) throw new Error('no bundle was written');
  const { paths, sizeBytes, bundleId, signer, notes } = carried;
  return { path: paths[0] ?? '', sizeBytes, bundleId, signer, notes };
}

function show(session: Session, { wanted, chain }: FetchedAssertions, written: Written): void {
  const { path, sizeBytes, bundleId, signer, notes } = written;
  for (const note of notes) session.out.note(note);
  const requested = describe(wanted);
  const assertions = describe(chain);
  const identity = bundleId === null ? {} : { bundleId, signer };
  session.out.result({ output: path, sizeBytes, ...identity, wanted: requested, assertions }, () =>
    [
      ...assertions.map((one) => (requested.includes(one) ? one : `${one} (needed)`)),
      `Written: ${path} (${renderBytes(sizeBytes)})`,
    ].join('\n'),
  );
}

function describe(assertions: FetchedAssertions['wanted']): string[] {
  return assertions.map(String);
}
