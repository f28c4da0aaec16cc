import type { Command } from 'commander';

import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

export function addFetchCache(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('fetch-cache')
    .description('connected side: what fetch-snaps keeps so that nothing is downloaded twice')
    .option('--clear', 'forget all of it, parts of interrupted downloads too')
    .action((options: { readonly clear?: true }) =>
      commandLine.run((session) => useCache(session, options.clear === true)),
    );
  example(command, 'snap-store-proxy fetch-cache', 'snap-store-proxy fetch-cache --clear');
}

async function useCache(session: Session, isToBeCleared: boolean): Promise<undefined> {
  const { FetchCache } = await import('../../modules/snap-fetch/index.js');
  await session.becomeOwner();
  const cache = new FetchCache(session.dataDir);
  const { files, sizeBytes } = isToBeCleared ? await cache.clear(session.signal) : await cache.usage();
  session.out.result({ files, sizeBytes, cleared: isToBeCleared }, () => {
    return `${isToBeCleared ? 'removed ' : ''}${counted(files, 'file')}, ${renderBytes(sizeBytes)}`;
  });
}
