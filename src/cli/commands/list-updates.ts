import type { Command } from 'commander';

import type { SignedInventory } from '../../formats/inventory/index.js';
import { architectureOfNode } from '../../kernel/architecture.js';
import type { ChannelUpdate, UpdateKind, UpdateReport } from '../../modules/snap-fetch/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { counted, renderBytes, renderTable } from '../table.js';

interface ListOptions {
  readonly auth?: string;
  readonly store?: string;
}

export function addListUpdates(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('list-updates')
    .description('connected side: say what the online store has that a store with this inventory does not, by channel')
    .argument('<inventory>', 'what "inventory" has written on the other side of the gap')
    .option('--auth <file>', 'log in with what "snapcraft export-login" has written')
    .option('--store <id>', "ask this store of one's own")
    .action((file: string, options: ListOptions) => commandLine.run((session) => list(session, file, options)));
  example(command, 'snap-store-proxy list-updates inventory-20260101T120000.jsonl');
}

/** Files that only root may read are read before this process may become another user. */
async function list(session: Session, file: string, options: ListOptions): Promise<undefined> {
  const { inventory, signer } = await readFile(file);
  const { readSmallFile } = await import('../input.js');
  const auth = options.auth === undefined ? null : (await readSmallFile(options.auth)).toString('utf8');
  await session.withConnectedSide(async (side) => {
    const [{ openOnlineStore }, { listUpdates }] = await Promise.all([
      import('../fetching/online-store.js'),
      import('../../modules/snap-fetch/index.js'),
    ]);
    const online = await openOnlineStore(
      side,
      'listing updates',
      { auth, storeId: options.store ?? null },
      session.progress('list-updates'),
    );
    const progress = session.progress('list-updates');
    try {
      const report = await listUpdates(inventory, online, {
        signal: session.signal,
        architecture: architectureOfNode(process.arch) ?? 'amd64',
        onProgress: (state) => {
          progress.report(state);
        },
      });
      progress.end();
      if (signer === null) session.out.note(`${file} is not signed: nobody vouches for it`);
      const { created, storeId } = inventory;
      const about = { file, created, storeId, signer: signer?.keyId ?? null };
      session.out.result({ inventory: about, ...report }, () => render(report));
    } finally {
      progress.end();
      await online.close();
    }
  });
}

async function readFile(file: string): Promise<SignedInventory> {
  const [{ inventoryBytes }, { NotAnInventoryError, readInventory }] = await Promise.all([
    import('../fetching/inventory-file.js'),
    import('../../formats/inventory/index.js'),
  ]);
  const bytes = await inventoryBytes(file);
  if (bytes === null) throw new NotAnInventoryError(file, 'it does not begin with "{"');
  return readInventory(bytes, file);
}

function render({ updates, unchanged, sizeBytes }: UpdateReport): string {
  if (updates.length === 0) return `nothing is newer: ${counted(unchanged, 'channel')} as held`;
  const table = renderTable(
    ['Name', 'Channel', 'Architecture', 'Held', 'Upstream', 'Size', 'Released'],
    updates.map((update) => [
      update.name,
      update.channel,
      update.architecture,
      `${update.held.revision} (${update.held.version})`,
      renderUpstream(update),
      renderSize(update),
      update.upstream?.releasedAt?.slice(0, 10) ?? '-',
    ]),
  );
  const summary = `${counted(updates.length, 'channel')} to look at, ${unchanged} as held; ${renderBytes(sizeBytes)} to carry`;
  return `${table}\n${summary}`;
}

const NOTHING_THERE: Readonly<Partial<Record<UpdateKind, string>>> = { closed: 'closed', gone: 'not there' };

function renderUpstream({ kind, upstream }: ChannelUpdate): string {
  if (upstream === null) return NOTHING_THERE[kind] ?? '-';
  const components = upstream.components.map(({ name, revision }) => `+${name} ${revision}`);
  const snap = `${upstream.revision} (${upstream.version})${kind === 'older' ? ', older' : ''}`;
  return [...(kind === 'components' ? [] : [snap]), ...components].join(' ');
}

/** What would have to be carried for this channel alone. */
function renderSize({ upstream }: ChannelUpdate): string {
  if (upstream === null) return '-';
  const components = upstream.components.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sizeBytes = (upstream.isHeld ? 0 : upstream.sizeBytes) + components;
  return sizeBytes === 0 ? 'held' : renderBytes(sizeBytes);
}
