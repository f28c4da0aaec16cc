import { basename } from 'node:path';
import type { Command } from 'commander';

import type { ImportSource } from '../../formats/bundle/index.js';
import type {
  CarriedFile,
  ImportOptions,
  ImportProgress,
  ImportReport,
  PartImports,
  PartsWaiting,
} from '../../modules/snap-import/index.js';
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
    .argument('<file...>', 'bundles, parts of them, folders, tarballs, or NAME_REV.snap with NAME_REV.assert beside it')
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
  const [{ Channel }, { planImports }, { whoTypes }] = await Promise.all([
    import('../../kernel/channel.js'),
    import('../../formats/bundle/index.js'),
    import('../os-user.js'),
  ]);
  const by = whoTypes();
  const channel = options.channel === undefined ? null : Channel.parse(options.channel);
  const { sources, ignored } = await planImports(files);
  for (const { path, reason } of ignored) session.out.note(`${path} ${reason}; not imported`);
  const inputs = await Inputs.of(sources, await session.willChangeUser());
  try {
    return await session.withStore(async (store) => {
      const { describeWaiting, PartImports } = await import('../../modules/snap-import/index.js');
      const pushing = new Pushing(session, store.get(PartImports), describeWaiting, {
        channel,
        replaceMap: options.pushChannelMap === true,
        dryRun: options.dryRun === true,
        by,
        signal: session.signal,
      });
      await pushing.importAll(inputs);
      return pushing.end();
    });
  } finally {
    await inputs.close();
  }
}

/** What is to be imported, open when its turn comes; all of it at once where this process is about to lose the right to. */
class Inputs {
  private constructor(
    readonly sources: readonly ImportSource[],
    private readonly open: (source: ImportSource) => Promise<CarriedFile>,
    private readonly opened: Map<ImportSource, CarriedFile>,
  ) {}

  static async of(sources: readonly ImportSource[], atOnce: boolean): Promise<Inputs> {
    const { CarriedFile } = await import('../../modules/snap-import/index.js');
    const inputs = new Inputs(sources, (source) => CarriedFile.open(source), new Map());
    if (atOnce) for (const source of sources) inputs.opened.set(source, await inputs.open(source));
    return inputs;
  }

  /** Works with one of them, open, and closes it. */
  async use<T>(source: ImportSource, work: (file: CarriedFile) => Promise<T>): Promise<T> {
    const file = this.opened.get(source) ?? (await this.open(source));
    this.opened.set(source, file);
    try {
      return await work(file);
    } finally {
      this.opened.delete(source);
      await file.close();
    }
  }

  async close(): Promise<void> {
    for (const file of this.opened.values()) await file.close();
  }
}

/** One call of push-snap: a file that is refused does not keep the others out. */
class Pushing {
  private readonly results: ({ file: string } & (
    { report: ImportReport } | { waiting: PartsWaiting } | { error: ReportedError }
  ))[] = [];
  private exitCode: ExitCode = EXIT.done;

  constructor(
    private readonly session: Session,
    private readonly imports: PartImports,
    private readonly describeWaiting: (waiting: PartsWaiting) => string,
    private readonly options: ImportOptions,
  ) {}

  async importAll(inputs: Inputs): Promise<void> {
    for (const source of inputs.sources) {
      const exitCode = await this.import(source.path, (work) => inputs.use(source, work));
      if (this.exitCode === EXIT.done) this.exitCode = exitCode;
      // The next file would end the same way.
      if (exitCode === EXIT.unreachable || this.session.signal.aborted) return;
    }
  }

  end(): ExitCode {
    this.session.out.result({ files: this.results }, () => '');
    return this.exitCode;
  }

  private async import(
    path: string,
    use: (work: (file: CarriedFile) => Promise<ImportReport | PartsWaiting>) => Promise<ImportReport | PartsWaiting>,
  ): Promise<ExitCode> {
    const { out, io } = this.session;
    const name = basename(path);
    const progress = this.session.progress(name);
    const onProgress = (state: ImportProgress): void => {
      // A pair has one thing to read, and the line says its name already.
      progress.report(state.step === `reading ${name}` ? { ...state, step: 'reading' } : state);
    };
    try {
      const result = await use((file) => this.imports.import(file, { ...this.options, onProgress }));
      progress.end();
      if ('missing' in result) {
        this.results.push({ file: path, waiting: result });
        out.text(this.describeWaiting(result));
        return EXIT.done;
      }
      const report = result;
      this.results.push({ file: path, report });
      out.text(renderImport(report));
      for (const note of report.notes) out.note(`${path}: ${note}`);
      return EXIT.done;
    } catch (thrown) {
      progress.end();
      const error = describeError(thrown);
      this.results.push({ file: path, error });
      printError(io.stderr, error, out.options.format);
      return error.exitCode;
    }
  }
}
