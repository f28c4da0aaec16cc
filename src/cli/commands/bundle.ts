import type { Command } from 'commander';

import type { Inspection, InspectedSnap } from '../bundle/inspect.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

export function addBundle(parent: Command, commandLine: CommandLine): void {
  const bundle = parent.command('bundle').description('look into carried files, without a store');
  example(bundle, 'snap-store-proxy bundle inspect jq-20260101T120000.tar.gz');
  const inspect = bundle
    .command('inspect')
    .description('say what is inside; nothing is verified')
    .argument('<file>', 'a bundle, a folder, a tarball, or NAME_REV.snap with NAME_REV.assert beside it')
    .action((file: string) => commandLine.run((session) => inspectFile(session, file)));
  example(inspect, 'snap-store-proxy bundle inspect jq-20260101T120000.tar.gz --format json');
}

async function inspectFile(session: Session, file: string): Promise<undefined> {
  const [{ planImport }, { inspectSource }] = await Promise.all([
    import('../../formats/bundle/index.js'),
    import('../bundle/inspect.js'),
  ]);
  const { sources, ignored } = await planImport(file);
  const inspections: Inspection[] = [];
  for (const source of sources) inspections.push(await inspectSource(source, session.signal));
  session.out.result({ files: inspections, ignored }, () =>
    [...inspections.map(renderInspection), ...ignored.map(({ path, reason }) => `${path}: not read: ${reason}`)].join(
      '\n\n',
    ),
  );
}

const KINDS: Record<Inspection['kind'], string> = {
  bundle: 'snap bundle',
  'bundle-folder': 'snap bundle, unpacked',
  pair: 'snap with its assertions',
  'loose-tar': 'tarball in an unknown layout',
};

function renderInspection({ file, kind, bundle, snaps, assertions, notes }: Inspection): string {
  const identity =
    bundle === null
      ? []
      : [
          `  id ${bundle.id}, format ${bundle.format}, made ${bundle.created} by ${bundle.tool}`,
          `  ${bundle.signer === null ? 'not signed' : `signed by ${bundle.signer}`}`,
          ...bundle.assumes.map((what) => `  counts on ${what} in the store`),
        ];
  return [
    `${file}: ${KINDS[kind]}, ${counted(snaps.length, 'snap')}, ${counted(assertions, 'assertion')}`,
    ...identity,
    ...notes.map((note) => `  note: ${note}`),
    ...snaps.flatMap(renderSnap),
  ].join('\n');
}

function renderSnap({ name, snapId, reasons, revisions, channels }: InspectedSnap): string[] {
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return [
    `  ${name ?? 'unnamed'} ${snapId}${why}`,
    ...revisions.map(({ revision, version, architectures, sizeBytes }) => {
      const facts = [version, architectures?.join(','), renderBytes(sizeBytes)].filter((fact) => fact != null);
      return `    revision ${revision}: ${facts.join(', ')}`;
    }),
    ...channels.map(({ channel, architecture, revision, requested }) => {
      return `    ${channel} ${architecture} ${revision}${requested ? ' (fetched)' : ''}`;
    }),
  ];
}
