import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';

import type { ExportedBundle, ExportPlan, ExportService } from '../../modules/snap-export/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { WhatToExport } from '../exporting/export-options.js';
import { viewOfExport } from '../exporting/export-view.js';
import { renderPlan } from '../fetching/plan-view.js';
import { parseRevision, repeatable } from '../options.js';
import { packageVersion } from '../../platform/program-version.js';
import type { Session } from '../session.js';
import { renderBytes } from '../table.js';

interface ExportOptions extends WhatToExport {
  readonly exportDir: string;
  readonly split?: string;
  readonly dryRun?: true;
}

export function addExportSnaps(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('export-snaps')
    .description(
      'write snaps that this store holds into bundles for another store, with all that a device will ask for',
    )
    .argument('[names...]', 'snaps; what their channels hold, unless said otherwise')
    .option('--revision <revision>', 'this revision of the snap', parseRevision)
    .option('--channel <channel>', 'only what this channel holds (repeatable)', repeatable, [])
    .option('--all', 'every revision that is held; without names, of every snap')
    .option('--no-prerequisites', 'only what is named: no bases, snapd, content providers')
    .option('--standalone', 'each file with all that its snap needs, though others have it too')
    .option('--single-bundle', 'everything in one file')
    .option(
      '--since <file...>',
      'leave out what the other store has by its inventory, or by bundles that it has imported',
      [],
    )
    .option('--export-dir <dir>', 'where to write', '.')
    .option('--split <size>', 'write parts of this size, such as 4GB')
    .option('--dry-run', 'only say what would be written, and why')
    .action((names: string[], options: ExportOptions) =>
      commandLine.run((session) => exportSnaps(session, names, options)),
    );
  example(
    command,
    'snap-store-proxy export-snaps jq --channel stable',
    'snap-store-proxy export-snaps --all --since inventory-20260101T120000.jsonl --export-dir /media/usb',
  );
}

/** Files that only root may read are read before this process may become another user. */
async function exportSnaps(session: Session, names: readonly string[], options: ExportOptions): Promise<undefined> {
  const [{ readExportRequest }, { parsePartSize }] = await Promise.all([
    import('../exporting/export-options.js'),
    import('../../formats/bundle/index.js'),
  ]);
  const partBytes = options.split === undefined ? null : parsePartSize(options.split);
  const request = await readExportRequest(names, options, session.signal);
  await session.withStore(async (store) => {
    const { ExportService } = await import('../../modules/snap-export/index.js');
    const service = store.get(ExportService);
    const plan = await service.plan(request);
    for (const note of plan.notes) session.out.note(note);
    const exported = options.dryRun === true ? null : await writeAll(session, service, plan, options, partBytes);
    show(session, plan, exported);
  });
}

async function writeAll(
  session: Session,
  service: ExportService,
  plan: ExportPlan,
  options: ExportOptions,
  partBytes: number | null,
): Promise<ExportedBundle[]> {
  const exportDir = resolve(options.exportDir);
  await mkdir(exportDir, { recursive: true });
  const exported: ExportedBundle[] = [];
  const progress = session.progress('export-snaps');
  try {
    for (const bundle of plan.bundles) {
      const written = await service.write(bundle, {
        exportDir,
        partBytes,
        tool: { name: 'snap-store-proxy', version: packageVersion() },
        signal: session.signal,
        onProgress: (state) => {
          progress.report(state);
        },
      });
      exported.push(written);
    }
  } finally {
    progress.end();
  }
  if (exported.some(({ signer }) => signer === null))
    session.out.note('the bundles are not signed: "snap-store-proxy generate-keys" makes a key to sign with');
  return exported;
}

/** @param exported null where nothing was to be written */
function show({ out }: Session, plan: ExportPlan, exported: readonly ExportedBundle[] | null): void {
  const { bundles, sizeBytes } = viewOfExport(plan);
  const files = bundles.map((bundle, index) => ({ ...bundle, exported: exported?.[index] ?? null }));
  out.result({ dryRun: exported === null, bundles: files, sizeBytes, notes: plan.notes }, () => {
    if (bundles.length === 0) return 'nothing to export';
    const planned = renderPlan({ bundles, sizeBytes });
    return exported === null ? planned : [planned, ...exported.map(renderExported)].join('\n');
  });
}

function renderExported({ name, files, sizeBytes, sha256, signer }: ExportedBundle): string {
  return [
    ...files.map(({ path }) => `Exported ${name} to ${path}`),
    `  ${renderBytes(sizeBytes)}, ${signer === null ? 'not signed' : `signed by ${signer}`}`,
    `  sha256 ${sha256}`,
  ].join('\n');
}
