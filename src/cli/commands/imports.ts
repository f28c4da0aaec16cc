import type { Command } from 'commander';

import type { ImportRecord, RecordedReport, ReportVerdict } from '../../modules/snap-import/index.js';
import { UsageError } from '../cli.errors.js';
import type { CommandLine } from '../command-line.js';
import { example } from '../example.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { renderReport } from '../import-report-page.js';
import { parseNumber } from '../options.js';
import type { Session } from '../session.js';
import { counted, renderTable } from '../table.js';

const DEFAULT_LIMIT = 50;
const DIGEST = /^[0-9a-f]{96}$/;

export function addImports(parent: Command, commandLine: CommandLine): void {
  const imports = parent
    .command('imports')
    .description('show what was brought in, by which file, and what was checked');
  example(imports, 'snap-store-proxy imports list');
  const listing = imports
    .command('list')
    .description('list imports, newest first, those that failed too')
    .option('--limit <n>', `at most so many (default: ${DEFAULT_LIMIT})`, parseNumber(1, 100_000))
    .action(({ limit = DEFAULT_LIMIT }: { readonly limit?: number }) =>
      commandLine.run((session) => list(session, limit)),
    );
  example(listing, 'snap-store-proxy imports list --limit 5');
  const showing = imports
    .command('show')
    .description('print the report of an import: who signed, what was checked, what changed')
    .argument('<import>', 'its number or id, as "imports list" prints it')
    .option('--raw', 'print exactly the bytes that the digest is of')
    .action((key: string, { raw = false }: { readonly raw?: boolean }) =>
      commandLine.run((session) => show(session, key, raw)),
    );
  example(
    showing,
    'snap-store-proxy imports show 17',
    'snap-store-proxy imports show 17 --raw | openssl dgst -sha3-384',
  );
  const verifying = imports
    .command('verify')
    .description('hold reports against their digests, each other, and what the store holds')
    .argument('[import]', 'only this one: its number or id (default: all)')
    .option('--digest <sha3-384>', 'what was printed when it was imported, in hex')
    .action((key: string | undefined, { digest }: { readonly digest?: string }) =>
      commandLine.run((session) => verify(session, key ?? null, digest ?? null)),
    );
  example(verifying, 'snap-store-proxy imports verify', 'snap-store-proxy imports verify 17');
}

async function list(session: Session, limit: number): Promise<undefined> {
  await session.withStore(async (store) => {
    const { LedgerReader } = await import('../../modules/snap-import/index.js');
    const imports = (await store.get(LedgerReader).latest(limit)).map(described);
    session.out.result({ imports }, () =>
      renderTable(
        ['Import', 'Finished', 'State', 'File', 'Signed by', 'Pushed by', 'Report'],
        imports.map(({ number, id, state, file, signer, signerName, by, finishedAt, sha3_384 }) => [
          number === null ? id : String(number),
          finishedAt?.toISOString().slice(0, 19).concat('Z') ?? '-',
          state,
          file,
          signerName ?? signer ?? '-',
          by ?? '-',
          sha3_384 === null ? '-' : sha3_384.slice(0, 16),
        ]),
      ),
    );
  });
}

async function show(session: Session, key: string, raw: boolean): Promise<undefined> {
  if (raw && !session.out.isText) throw new UsageError('--raw and --format do not go together');
  await session.withStore(async (store) => {
    const { LedgerReader } = await import('../../modules/snap-import/index.js');
    const reader = store.get(LedgerReader);
    const record = await reader.find(key);
    const report = await reader.report(record);
    if (report === null) tellOfUnreported(session, record, raw);
    else if (raw) session.out.raw(report.text);
    else tellOf(session, report);
  });
}

function tellOf(session: Session, { document, sha3_384 }: RecordedReport): void {
  session.out.result({ sha3_384, document }, () => renderReport(document, sha3_384));
}

/** An import that runs, or one from before reports were kept. */
function tellOfUnreported(session: Session, record: ImportRecord, raw: boolean): void {
  const { id, file, state, startedAt } = described(record);
  const what = state === 'running' ? 'is still running' : `${state}, before reports were kept`;
  if (raw) throw new UsageError(`the import of ${file} has no report: it ${what}`);
  session.out.result(
    { sha3_384: null, document: null, import: described(record) },
    () => `Import ${id} of ${file}, begun ${startedAt.toISOString()}: ${what}`,
  );
}

async function verify(session: Session, key: string | null, digest: string | null): Promise<ExitCode> {
  if (digest !== null && key === null) throw new UsageError('--digest says of which import it is: name that one');
  if (digest !== null && !DIGEST.test(digest)) throw new UsageError('--digest takes 96 lowercase hex digits');
  return session.withStore(async (store) => {
    const { LedgerReader } = await import('../../modules/snap-import/index.js');
    const reader = store.get(LedgerReader);
    const verdicts: ReportVerdict[] = [];
    const say = (verdict: ReportVerdict): void => {
      verdicts.push(verdict);
      // Of a whole ledger only what is wrong is worth a line.
      if (key !== null || verdict.problems.length > 0) session.out.text(renderVerdict(session, verdict));
    };
    if (key === null) {
      for await (const verdict of reader.verifyAll()) {
        session.signal.throwIfAborted();
        say(verdict);
      }
    } else say(heldAgainst(digest, await reader.verify(key)));
    const wrong = verdicts.filter(({ problems }) => problems.length > 0).length;
    session.out.result({ isSound: wrong === 0, reports: verdicts }, () =>
      key === null ? renderSum(verdicts, wrong) : '',
    );
    return wrong === 0 ? EXIT.done : EXIT.verification;
  });
}

function heldAgainst(digest: string | null, verdict: ReportVerdict): ReportVerdict {
  if (digest === null || digest === verdict.sha3_384) return verdict;
  return { ...verdict, problems: [...verdict.problems, `its digest is not ${digest}`] };
}

function renderVerdict({ out }: Session, { number, file, sha3_384, problems, revisions }: ReportVerdict): string {
  const what = `import ${number}${file === null ? '' : ` (${file})`}`;
  if (problems.length > 0) return `${out.paint('red', 'WRONG')} ${what}: ${problems.join('; ')}`;
  const { held, removed } = revisions;
  const found = `${counted(held, 'revision')} of it held, ${removed} removed since`;
  return `${out.paint('green', 'OK')} ${what}: its report has the SHA3-384 digest ${sha3_384 ?? ''}; ${found}`;
}

function renderSum(verdicts: readonly ReportVerdict[], wrong: number): string {
  if (wrong > 0) return `${counted(verdicts.length, 'report')}, ${wrong} of them wrong`;
  const last = verdicts.at(-1);
  if (last === undefined) return 'nothing has been imported yet';
  const end = `import ${last.number} has the SHA3-384 digest ${last.sha3_384 ?? ''}`;
  return `${counted(verdicts.length, 'report')}, each as it was recorded; ${end}`;
}

function described(record: ImportRecord) {
  const { number, id, state, source, bundleId, signer, signerName, byUser, host, reason, sha3_384 } = record;
  const { startedAt, finishedAt } = record;
  return {
    number,
    id,
    state,
    file: source,
    bundleId,
    signer,
    signerName,
    by: byUser,
    host,
    startedAt,
    finishedAt,
    reason,
    sha3_384,
  };
}
