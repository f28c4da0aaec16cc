import type { Command } from 'commander';

import { parseSnapName } from '../../kernel/snap-names.js';
import type { DefaultTrack } from '../../modules/catalog/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';

export function addDefaultTrack(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('default-track')
    .description('show or choose the track of devices that install a snap and name none')
    .argument('<name>', 'the snap')
    .argument('[track]', 'from now on this one, whatever bundles say')
    .option('--clear', 'go by what bundles say again')
    .action((name: string, track: string | undefined, options: { readonly clear?: boolean }) =>
      commandLine.run((session) => {
        if (options.clear === true && track !== undefined) throw new UsageError('--clear goes without a track');
        return run(session, parseSnapName(name), options.clear === true ? null : track);
      }),
    );
  example(command, 'snap-store-proxy default-track jq 1.7', 'snap-store-proxy default-track jq --clear');
}

/** @param track null goes back to what bundles say; undefined changes nothing */
async function run(session: Session, name: string, track: string | null | undefined): Promise<undefined> {
  await session.withStore(async (store) => {
    const { DefaultTrackService } = await import('../../modules/catalog/index.js');
    const tracks = store.get(DefaultTrackService);
    const now =
      track === undefined
        ? await tracks.of(name)
        : track === null
          ? await tracks.clear(name)
          : await tracks.choose(name, track);
    session.out.result(
      { name: now.name, defaultTrack: now.track ?? 'latest', by: now.isChosen ? 'hand' : 'import' },
      () => render(now),
    );
  });
}

function render({ name, track, isChosen }: DefaultTrack): string {
  const why = isChosen ? 'chosen by hand' : track === null ? 'bundles name none' : 'as bundles say';
  return `${name}: ${track ?? 'latest'} (${why})`;
}
