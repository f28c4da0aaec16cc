import type { Command } from 'commander';

import type { ImportPlan, ImportSource } from '../../formats/bundle/index.js';
import type { ImportReport, ImportService } from '../../modules/snap-import/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { describeError, printError, type ReportedError } from '../errors.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { renderImport } from '../import-report.js';
import type { Session } from '../session.js';

interface PushOptions {
  readonly pushChannelMap?: boolean;
  readonly channel?: string;
  readonly dryRun?: boolean;
}

export function addPushSnap(parent: Command, commandLine: CommandLine): void {
  const command = parent
    .command('push-snap')
    .description('import snaps; all that a file holds becomes visible at once, or nothing of it')
    .argument('<file...>', 'bundles, folders, tarballs, or NAME_REV.snap with NAME_REV.assert beside it')
    .option('--push-channel-map', "replace the snap's whole channel map by the bundle's")
    .option('--channel <channel>', 'release to this channel, whatever the bundle says (a pair: latest/stable)')
    .option('--dry-run', 'verify everything and say what would change; change nothing')
    .action((files: string[], options: PushOptions) => commandLine.run((session) => push(session, files, options)));
  example(
    command,
    'snap-store-proxy push-snap jq-20260101T120000.tar.gz',
    'snap-store-proxy push-snap jq_6.snap --channel latest/candidate',
  );
}

async function push(session: Session, files: readonly string[], options: PushOptions): Promise<ExitCode> {
  if (options.pushChannelMap === true && options.channel !== undefined) {
    throw new UsageError('--push-channel-map and --channel do not go together');
  }
  const [{ Channel }, { planImport }] = await Promise.all([
    import('../../kernel/channel.js'),
    import('../../formats/bundle/index.js'),
  ]);
  const channel = options.channel === undefined ? {} : { channel: Channel.parse(options.channel) };
  const plans: ImportPlan[] = [];
  for (const file of files) plans.push(await planImport(file));
  for (const { path, reason } of plans.flatMap(({ ignored }) => ignored))
    session.out.note(`${path} ${reason}; not imported`);
  return session.withStore(async (store) => {
    const { ImportService } = await import('../../modules/snap-import/index.js');
    const pushing = new Pushing(session, store.get(ImportService), {
      ...channel,
      replaceMap: options.pushChannelMap === true,
      dryRun: options.dryRun === true,
    });
    for (const { sources } of plans) {
      for (const source of sources) if (!(await pushing.import(source))) return pushing.end();
    }
    return pushing.end();
  });
}

type ImportOptions = Parameters<ImportService['import']>[1];

/** One call of push-snap: a file that is refused does not keep the others out. */
class Pushing {
  private readonly results: ({ file: string; report: ImportReport } | { file: string; error: ReportedError })[] = [];
  private exitCode: ExitCode = EXIT.done;

  constructor(
    private readonly session: Session,
    private readonly imports: ImportService,
    private readonly options: ImportOptions,
  ) {}

  /** @returns whether it makes sense to go on */
  async import(source: ImportSource): Promise<boolean> {
    const { out, signal, io } = this.session;
    const progress = this.session.progress(source.path);
    try {
      const report = await this.imports.import(source, {
        ...this.options,
        signal,
        onProgress: (state) => {
          progress.report(state);
        },
      });
      progress.end();
      this.results.push({ file: source.path, report });
      out.text(renderImport(report));
      for (const note of report.notes) out.note(`${source.path}: ${note}`);
      return true;
    } catch (thrown) {
      progress.end();
      const error = describeError(thrown);
      if (this.exitCode === EXIT.done) this.exitCode = error.exitCode;
      this.results.push({ file: source.path, error });
      printError(io.stderr, error, out.options.format);
      return error.exitCode !== EXIT.unreachable && !signal.aborted;
    }
  }

  end(): ExitCode {
    this.session.out.result({ files: this.results }, () => '');
    return this.exitCode;
  }
}
