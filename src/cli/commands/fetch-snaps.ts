import { resolve } from 'node:path';
import { type Command, Option } from 'commander';

import type { ConnectedSide } from '../../connected-side.js';
import type {
  CarriedBundle,
  CarryOptions,
  FetchPlan,
  FetchRequest,
  PlannedFetch,
} from '../../modules/snap-fetch/index.js';
import type { OnlineStore } from '../../modules/upstream/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { WhatToFetch } from '../fetching/fetch-options.js';
import { renderPlan, viewOfPlan } from '../fetching/plan-view.js';
import { parseNumber, parseRevision, repeatable } from '../options.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { renderBytes } from '../table.js';

interface FetchOptions extends WhatToFetch {
  readonly auth?: string;
  readonly store?: string;
  readonly exportDir: string;
  readonly split?: string;
  readonly jobs: number;
  readonly dryRun?: true;
}

const MOST_JOBS = 16;
const USUAL_JOBS = 4;

export function addFetchSnaps(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('fetch-snaps')
    .description(
      'connected side: fetch snaps with all that a device will ask for, one file to carry for each that is named',
    )
    .argument('[names...]', 'snaps; NAME+COMPONENT takes these components of it, NAME all')
    .option('--channel <channel>', "channel to fetch from (repeatable; the default track's stable)", repeatable, [])
    .option('--architecture <name>', "devices to fetch for (repeatable; this machine's)", repeatable, [])
    .addOption(new Option('--arch <name>', 'the same').argParser(repeatable).default([]).hideHelp())
    .option('--revision <revision>', 'this revision of the snap; --channel is where it is released then', parseRevision)
    .option('--cohort <key>', 'as the cohort of this key sees the snap')
    .option('--from-yaml <file>', 'packages: [{name, revision, push_channel, channels, architectures}]')
    .option('--for-model <file>', 'all snaps of a signed model, and the model (repeatable)', repeatable, [])
    .option('--for-validation-set <set>', 'snaps of ACCOUNT/NAME[=SEQUENCE], and the set (repeatable)', repeatable, [])
    .option('--no-prerequisites', 'only what is named: no bases, snapd, content providers')
    .option('--standalone', 'each file with all that its snap needs, though others have it too')
    .option('--single-bundle', 'everything in one file')
    .option(
      '--since <file...>',
      'leave out what the other side has by its inventory, or by bundles that it has imported',
      [],
    )
    .option('--auth <file>', 'log in with what "snapcraft export-login" has written')
    .option('--store <id>', "fetch from this store of one's own")
    .option('--export-dir <dir>', 'where to write', '.')
    .option('--split <size>', 'write parts of this size, such as 4GB')
    .option('--jobs <n>', 'files to download at the same time', parseNumber(1, MOST_JOBS), USUAL_JOBS)
    .option('--dry-run', 'only say what would be fetched, and why')
    .action((names: string[], options: FetchOptions) => commandLine.run((session) => fetch(session, names, options)));
  example(
    command,
    'snap-store-proxy fetch-snaps jq --channel=stable --architecture=amd64',
    'snap-store-proxy fetch-snaps --from-yaml snaps.yaml --since inventory.json --dry-run',
  );
}

/** Whatever can be found wrong without a store is found first, and files that only root may read are read by then. */
async function fetch(session: Session, names: readonly string[], options: FetchOptions): Promise<undefined> {
  const [{ readFetchRequest }, { readSmallFile }, { parsePartSize }] = await Promise.all([
    import('../fetching/fetch-options.js'),
    import('../input.js'),
    import('../../formats/bundle/index.js'),
  ]);
  const splitBytes = options.split === undefined ? null : parsePartSize(options.split);
  const request = await readFetchRequest(names, options, process.arch, session.signal);
  const auth = options.auth === undefined ? null : (await readSmallFile(options.auth)).toString('utf8');
  await session.withConnectedSide(async (side) => {
    const { openOnlineStore } = await import('../fetching/online-store.js');
    const online = await openOnlineStore(
      side,
      'fetching snaps',
      { auth, storeId: options.store ?? null },
      session.progress('fetch-snaps'),
    );
    try {
      const { plan, notes } = await makePlan(session, online, request);
      for (const note of notes) session.out.note(note);
      if (options.dryRun === true) show(session, plan, null, notes);
      else {
        const { exportDir, jobs } = options;
        const carried = await carry(session, side, plan, { store: online, exportDir, jobs, splitBytes });
        show(session, plan, carried, notes);
      }
    } finally {
      await online.close();
    }
  });
}

async function makePlan(session: Session, online: OnlineStore, request: FetchRequest): Promise<PlannedFetch> {
  const { FetchPlanner } = await import('../../modules/snap-fetch/index.js');
  const progress = session.progress('fetch-snaps');
  try {
    return await new FetchPlanner(online).plan(request, {
      signal: session.signal,
      onAsk: (name) => {
        // Scripts know the original's wording.
        progress.report({ step: `Fetching channel map info for ${name}`, done: 0, total: null, unit: 'items' });
      },
    });
  } finally {
    progress.end();
  }
}

async function carry(
  session: Session,
  { fetching }: ConnectedSide,
  plan: FetchPlan,
  options: Pick<CarryOptions, 'store' | 'exportDir' | 'jobs' | 'splitBytes'>,
): Promise<CarriedBundle[]> {
  if (plan.bundles.length === 0) return [];
  session.out.text(renderPlan(viewOfPlan(plan)));
  const progress = session.progress('fetch-snaps');
  try {
    return await fetching.carry(plan, {
      ...options,
      exportDir: resolve(options.exportDir),
      tool: { name: 'snap-store-proxy', version: packageVersion() },
      signal: session.signal,
      onProgress: (state) => {
        progress.report(state);
      },
    });
  } finally {
    progress.end();
  }
}

/** @param carried null where nothing was to be fetched */
function show(
  session: Session,
  plan: FetchPlan,
  carried: readonly CarriedBundle[] | null,
  notes: readonly string[],
): void {
  for (const note of carried?.flatMap((bundle) => bundle.notes.map((text) => `${bundle.name}: ${text}`)) ?? []) {
    session.out.note(note);
  }
  const { bundles, sizeBytes } = viewOfPlan(plan);
  const files = bundles.map((bundle, index) => ({ ...bundle, carried: carried?.[index] ?? null }));
  session.out.result({ dryRun: carried === null, bundles: files, sizeBytes, notes }, () => {
    if (bundles.length === 0) return 'nothing to fetch';
    return carried === null ? renderPlan({ bundles, sizeBytes }) : carried.map(renderCarried).join('\n');
  });
}

/** The first line of each is the original's: scripts take the path from it. */
function renderCarried({ name, paths, sizeBytes, manifestSha3_384Hex, signer, bytesFromCache }: CarriedBundle): string {
  const cached = bytesFromCache === 0 ? '' : `, ${renderBytes(bytesFromCache)} of it fetched before`;
  return [
    ...paths.map((path) => `Downloaded ${name} to ${path}`),
    `  ${renderBytes(sizeBytes)}${cached}, ${signer === null ? 'not signed' : `signed by ${signer}`}`,
    `  bundle.json sha3-384 ${manifestSha3_384Hex}`,
  ].join('\n');
}
