import { resolve } from 'node:path';
import type { Command } from 'commander';

import type { TakenInventory } from '../../modules/snap-export/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

/** For `--output`: the inventory itself is the command's answer. */
const STANDARD_OUTPUT = '-';

export function addInventory(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('inventory')
    .description('write a small signed file of what this store holds, to be carried out to the connected side')
    .option('--output <file>', 'the file to write, or - (default: inventory-<YYYYMMDDTHHMMSS>.jsonl)')
    .addHelpText(
      'after',
      '\nOn the connected side "fetch-snaps --since FILE" leaves out what is in it, and "list-updates FILE" says what is newer.',
    )
    .action((options: { readonly output?: string }) =>
      commandLine.run((session) => writeInventory(session, options.output)),
    );
  example(command, 'snap-store-proxy inventory', 'snap-store-proxy inventory --output /media/usb/inventory.jsonl');
}

async function writeInventory(session: Session, output: string | undefined): Promise<undefined> {
  await session.withStore(async (store) => {
    const [{ InventoryService }, { StoreIdentityService }, { writeWholeFile }] = await Promise.all([
      import('../../modules/snap-export/index.js'),
      import('../../modules/registration/index.js'),
      import('../whole-file.js'),
    ]);
    const identity = await store.get(StoreIdentityService).current();
    const progress = session.progress('inventory');
    const taken = await store
      .get(InventoryService)
      .take({
        tool: { name: 'snap-store-proxy', version: packageVersion() },
        storeId: identity?.storeId ?? null,
        signal: session.signal,
        onProgress: (state) => {
          progress.report(state);
        },
      })
      .finally(() => {
        progress.end();
      });
    sayWhatIsSpecial(session, taken);
    if (output === STANDARD_OUTPUT) {
      session.out.raw(taken.bytes.toString('utf8'));
      return;
    }
    const path = resolve(output ?? `inventory-${taken.inventory.created.replace(/[-:Z]/g, '')}.jsonl`);
    await writeWholeFile(path, taken.bytes);
    const counts = countsOf(taken);
    const { signer, leftOut, bytes } = taken;
    session.out.result({ output: path, sizeBytes: bytes.length, signer, ...counts, leftOut }, () =>
      [
        `Written: ${path} (${renderBytes(bytes.length)})`,
        `Holds: ${counted(counts.snaps, 'snap')}, ${counted(counts.revisions, 'revision')}, ` +
          `${counted(counts.components, 'component revision')}, ${counted(counts.media, 'picture')}`,
        signer === null ? 'Not signed' : `Signed by ${signer}`,
      ].join('\n'),
    );
  });
}

function sayWhatIsSpecial({ out }: Session, { signer, leftOut }: TakenInventory): void {
  if (signer === null)
    out.note('the inventory is not signed: "snap-store-proxy generate-keys" makes a key to sign with');
  for (const { name, component, revision } of leftOut) {
    const what = component === null ? name : `${name}+${component}`;
    out.note(`revision ${revision} of ${what} is left out: its file is missing or damaged ("verify-store" says which)`);
  }
}

function countsOf({ inventory: { snaps, media } }: TakenInventory) {
  return {
    snaps: snaps.length,
    revisions: snaps.reduce((sum, { revisions }) => sum + revisions.length, 0),
    components: snaps.reduce((sum, { components }) => sum + components.length, 0),
    media: media.length,
  };
}
