import type { Command } from 'commander';

import { Channel } from '../../kernel/channel.js';
import { parseSnapName } from '../../kernel/snap-names.js';
import type { ChannelMove } from '../../modules/catalog/index.js';
import { renderMove } from '../channel-moves.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { parseRevision } from '../options.js';
import type { Session } from '../session.js';

export function addRelease(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('release')
    .description('put a held revision on a channel, on every architecture that it runs on')
    .argument('<name>', 'the snap')
    .argument('<revision>', 'its revision', parseRevision)
    .argument('<channel>', 'track/risk/branch, each but one may be left out')
    .action((name: string, revision: number, channel: string) =>
      commandLine.run((session) => release(session, parseSnapName(name), revision, Channel.parse(channel))),
    );
  example(command, 'snap-store-proxy release jq 6 latest/candidate');
}

export function addClose(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('close')
    .description('close a channel: devices on it get what the next safer risk holds')
    .argument('<name>', 'the snap')
    .argument('<channel>', 'track/risk/branch, each but one may be left out')
    .action((name: string, channel: string) =>
      commandLine.run((session) => close(session, parseSnapName(name), Channel.parse(channel))),
    );
  example(command, 'snap-store-proxy close jq latest/edge');
}

async function release(session: Session, name: string, revision: number, channel: Channel): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ReleaseService } = await import('../../modules/catalog/index.js');
    tell(session, await store.get(ReleaseService).release(name, revision, channel));
  });
}

async function close(session: Session, name: string, channel: Channel): Promise<undefined> {
  await session.withStore(async (store) => {
    const { ReleaseService } = await import('../../modules/catalog/index.js');
    tell(session, await store.get(ReleaseService).close(name, channel));
  });
}

function tell(session: Session, moves: readonly ChannelMove[]): void {
  session.out.result({ moves }, () => moves.map((move) => `${move.name} ${renderMove(move)}`).join('\n'));
}
