import type { Command } from 'commander';

import type { IntegrityReport } from '../../modules/integrity/index.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { counted, renderBytes } from '../table.js';

export function addVerifyStore(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('verify-store')
    .description('read every file again, verify every assertion, and hold every revision and release against both')
    .option('--repair', 'remove what is orphaned; serve again what was marked as damaged and is whole')
    .action((options: { readonly repair?: boolean }) =>
      commandLine.run((session) => verify(session, options.repair === true)),
    );
  example(command, 'snap-store-proxy verify-store', 'snap-store-proxy verify-store --repair --format json');
}

async function verify(session: Session, repair: boolean): Promise<ExitCode> {
  return session.withStore(async (store) => {
    const { StoreVerifier } = await import('../../modules/integrity/index.js');
    const progress = session.progress('verify-store');
    try {
      const report = await store.get(StoreVerifier).verify({
        repair,
        signal: session.signal,
        onProgress: (state) => {
          progress.report(state);
        },
      });
      progress.end();
      session.out.result(report, () => renderReport(session, report));
      return report.isSound ? EXIT.done : EXIT.verification;
    } finally {
      progress.end();
    }
  });
}

function renderReport({ out }: Session, report: IntegrityReport): string {
  const { files, assertions, revisions, components, pictures, danglingReleases, repaired } = report;
  const bad = (text: string): string => `${out.paint('red', 'WRONG')} ${text}`;
  const orphans = files.orphaned.map((digest) => `orphan ${digest}: nothing needs this file`);
  return [
    ...files.damaged.map(({ sha3_384, reason }) => bad(`file ${sha3_384} is damaged: ${reason}`)),
    ...files.missing.map((digest) => bad(`file ${digest} is missing`)),
    ...assertions.refused.map(({ assertion, reason }) => bad(`${assertion}: ${reason}`)),
    ...[...revisions.problems, ...components.problems].map(({ name, revision, problem }) =>
      bad(`${name} revision ${revision}: ${problem}`),
    ),
    ...pictures.problems.map(({ name, type, sha3_384, problem }) => bad(`${type} ${sha3_384} of ${name}: ${problem}`)),
    ...danglingReleases.map(({ name, channel, architecture, revision }) =>
      bad(`${name} ${channel} ${architecture} releases revision ${revision}, which is not held`),
    ),
    ...(repaired === null ? orphans : []),
    ...files.recovered.map(
      (digest) => `recovered ${digest}: marked as damaged, and whole${repaired === null ? '' : '; it is served again'}`,
    ),
    ...(repaired === null
      ? []
      : [`removed ${counted(repaired.removedFiles, 'orphaned file')}, ${renderBytes(repaired.freedBytes)}`]),
    `checked ${counted(files.checked, 'file')} (${renderBytes(files.checkedBytes)}), ${counted(assertions.checked, 'assertion')}, ${counted(revisions.checked, 'revision')}, ${counted(components.checked, 'component')}, ${counted(pictures.checked, 'picture')}`,
    report.isSound ? out.paint('green', 'everything is sound') : out.paint('red', 'the store is not sound'),
  ].join('\n');
}
