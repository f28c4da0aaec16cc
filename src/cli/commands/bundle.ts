import { basename } from 'node:path';
import type { Command } from 'commander';

import type { Inspection, InspectedSnap } from '../bundle/inspect.js';
import type { Verification } from '../bundle/verify.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { repeatable } from '../options.js';
import type { ProgressState } from '../progress.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';
import { addBundleMerge } from './bundle-merge.js';

export function addBundle(parent: Command, commandLine: CommandLine): void {
  const bundle = parent.command('bundle').description('look into carried files, without a store');
  example(bundle, 'snap-store-proxy bundle inspect jq-20260101T120000.tar.gz');
  const inspect = bundle
    .command('inspect')
    .description('say what is inside; nothing is verified')
    .argument('<file...>', 'bundles, parts of one, folders, tarballs, or NAME_REV.snap with NAME_REV.assert beside it')
    .action((files: string[]) => commandLine.run((session) => inspectFiles(session, files)));
  example(inspect, 'snap-store-proxy bundle inspect jq-20260101T120000.tar.gz --format json');
  const verify = bundle
    .command('verify')
    .description('hold every digest and every signature against each other and the trusted roots')
    .argument('<file...>', 'as for inspect')
    .option('--extra-root <file>', "trust the accounts in this file beside Canonical's (repeatable)", repeatable, [])
    .action((files: string[], options: { readonly extraRoot: string[] }) =>
      commandLine.run((session) => verifyFiles(session, files, options.extraRoot)),
    );
  example(verify, 'snap-store-proxy bundle verify jq-20260101T120000.tar.gz');
  const diff = bundle
    .command('diff')
    .description(
      'say what the second bundle carries and the first does not, and the other way round; snaps are not read',
    )
    .argument('<file...>', 'two bundles, packed, unpacked or in parts')
    .action((files: string[]) => commandLine.run((session) => diffFiles(session, files)));
  example(diff, 'snap-store-proxy bundle diff jq-20260101T120000.tar.gz jq-20260201T120000.tar.gz');
  addBundleMerge(bundle, commandLine);
}

async function diffFiles(session: Session, files: readonly string[]): Promise<undefined> {
  const [{ bundleSources }, { compareBundles, renderComparison }] = await Promise.all([
    import('../bundle/bundle-sources.js'),
    import('../bundle/diff.js'),
  ]);
  const [one, other, more] = await bundleSources(files);
  if (one === undefined || other === undefined || more !== undefined)
    throw new UsageError('two bundles are compared: the one before, and the one after');
  const comparison = await compareBundles([one, other], session.signal);
  session.out.result(comparison, () => renderComparison(session.out, comparison));
}

async function inspectFiles(session: Session, files: readonly string[]): Promise<undefined> {
  const [{ planImports }, { inspectSource }] = await Promise.all([
    import('../../formats/bundle/index.js'),
    import('../bundle/inspect.js'),
  ]);
  const { sources, ignored } = await planImports(files);
  const inspections: Inspection[] = [];
  for (const source of sources) inspections.push(await inspectSource(source, session.signal));
  session.out.result({ files: inspections, ignored }, () =>
    [...inspections.map(renderInspection), ...ignored.map(({ path, reason }) => `${path}: not read: ${reason}`)].join(
      '\n\n',
    ),
  );
}

async function verifyFiles(
  session: Session,
  files: readonly string[],
  extraRoots: readonly string[],
): Promise<ExitCode> {
  const [{ planImports }, { verifySource }, { readTrustedRoots }] = await Promise.all([
    import('../../formats/bundle/index.js'),
    import('../bundle/verify.js'),
    import('../../modules/assertions/offline.js'),
  ]);
  const roots = await readTrustedRoots(extraRoots);
  const { sources, ignored } = await planImports(files);
  const verifications: Verification[] = [];
  for (const source of sources) {
    const progress = session.progress(basename(source.path));
    try {
      const onProgress = (state: ProgressState): void => {
        progress.report(state);
      };
      verifications.push(await verifySource(source, roots, session.signal, onProgress));
    } finally {
      progress.end();
    }
  }
  const isSound = verifications.every(({ findings }) => findings.every(({ problem }) => problem === null));
  session.out.result({ isSound, files: verifications, ignored }, () =>
    [
      ...verifications.map((verification) => renderVerification(session, verification)),
      ...ignored.map(({ path, reason }) => `${path}: not read: ${reason}`),
    ].join('\n'),
  );
  return isSound ? EXIT.done : EXIT.verification;
}

function renderVerification({ out }: Session, { file, signer, findings }: Verification): string {
  const lines = findings.map(({ subject, problem }) =>
    problem === null
      ? `${out.paint('green', 'OK')} ${subject}`
      : `${out.paint('red', 'REFUSED')} ${subject}: ${problem}`,
  );
  const refused = findings.filter(({ problem }) => problem !== null).length;
  const signature = signer === null ? 'not signed' : `signed by ${signer}`;
  return [...lines, `${file}: ${signature}; ${findings.length - refused} OK, ${refused} refused`].join('\n');
}

const KINDS: Record<Inspection['kind'], string> = {
  bundle: 'snap bundle',
  'bundle-folder': 'snap bundle, unpacked',
  'bundle-parts': 'snap bundle, in parts',
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
      const facts = [version, architectures?.join(',') ?? null, renderBytes(sizeBytes)].filter((fact) => fact !== null);
      return `    revision ${revision}: ${facts.join(', ')}`;
    }),
    ...channels.map(({ channel, architecture, revision, requested }) => {
      return `    ${channel} ${architecture} ${revision}${requested ? ' (fetched)' : ''}`;
    }),
  ];
}
