import { Channel } from '../../kernel/channel.js';
import { parseSnapName } from '../../kernel/snap-names.js';
import type { ExportPacking, ExportRequest } from '../../modules/snap-export/index.js';
import { UsageError } from '../cli.errors.js';
import { readHoldings } from '../fetching/read-holdings.js';

/** The flags that say what is exported. */
export interface WhatToExport {
  readonly revision?: number;
  readonly channel: readonly string[];
  readonly all?: true;
  readonly prerequisites: boolean;
  readonly standalone?: true;
  readonly singleBundle?: true;
  readonly since: readonly string[];
}

/**
 * What is to be exported, with all files that the flags name read.
 * @throws UsageError, InvalidSnapNameError, InvalidChannelError, and BundleError for files that say of no store what it holds
 */
export async function readExportRequest(
  names: readonly string[],
  options: WhatToExport,
  signal: AbortSignal,
): Promise<ExportRequest> {
  checkCombination(names, options);
  for (const channel of options.channel) Channel.parse(channel);
  const { revision, channel: channels, all, prerequisites: withPrerequisites } = options;
  return {
    names: names.length === 0 ? null : names.map(parseSnapName),
    revisions: revision === undefined ? [] : [revision],
    channels,
    everyRevision: all === true,
    withPrerequisites,
    packing: packingOf(names, options),
    since: await readHoldings(options.since, signal),
  };
}

/** All that is held is one file, unless it is to be many. */
function packingOf(names: readonly string[], { standalone, singleBundle }: WhatToExport): ExportPacking {
  if (standalone === true) return 'standalone';
  return singleBundle === true || names.length === 0 ? 'single' : 'shared';
}

function checkCombination(names: readonly string[], { all, revision, channel, ...packing }: WhatToExport): void {
  if (names.length === 0 && all !== true)
    throw new UsageError('nothing to export is named', 'name snaps, or --all for everything that is held');
  if (packing.standalone === true && packing.singleBundle === true)
    throw new UsageError('--standalone and --single-bundle do not go together');
  if (all === true && (revision !== undefined || channel.length > 0))
    throw new UsageError('--all is every revision that is held; it does not go with --revision or --channel');
  if (revision === undefined) return;
  if (channel.length > 0) throw new UsageError('--revision and --channel do not go together');
  if (names.length !== 1) throw new UsageError('--revision goes with one snap');
}
