import { Injectable } from '@nestjs/common';

import { CatalogWriter, ComponentWriter } from '../../catalog/index.js';
import { documentProblems, hasDigest, parseDocument, type ImportDocument } from './import-document.js';
import type { ImportRecord, ImportState } from './import-record.entity.js';
import { ImportRepository, type ReportedImport } from './import.repository.js';
import { ImportNotRecordedError, ImportReportDamagedError } from './ledger.errors.js';

/** A report as it was recorded. */
export interface RecordedReport {
  readonly document: ImportDocument;
  /** Byte for byte. */
  readonly text: string;
  readonly sha3_384: string;
}

/** What became of a report and of what it says. */
export interface ReportVerdict {
  readonly number: number;
  /** Null where the ledger has no such report any more. */
  readonly file: string | null;
  readonly sha3_384: string | null;
  /** Empty where the report is as it was recorded and agrees with what the store holds. */
  readonly problems: readonly string[];
  /** Of the revisions that it names, those of components among them: held with the content that it says, or removed since. */
  readonly revisions: { readonly held: number; readonly removed: number };
}

const PAGE = 50;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NUMBER = /^[1-9][0-9]{0,8}$/;

/** Reads the ledger, and holds it against itself and the catalog. */
@Injectable()
export class LedgerReader {
  constructor(
    private readonly records: ImportRepository,
    private readonly catalog: CatalogWriter,
    private readonly components: ComponentWriter,
  ) {}

  /** Newest first. */
  latest(limit: number): Promise<ImportRecord[]> {
    return this.records.latest(limit);
  }

  /** How many imports there were, by what became of them. */
  async totals(): Promise<Readonly<Record<ImportState, number>>> {
    const totals = await this.records.totals();
    const of = (state: ImportState): number => totals.get(state) ?? 0;
    return { running: of('running'), done: of('done'), failed: of('failed') };
  }

  /** The numbers of imports, by their ids. */
  numbersOf(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.records.numbersOf(ids);
  }

  /** @param key the number or the id of an import @throws ImportNotRecordedError */
  async find(key: string): Promise<ImportRecord> {
    const isId = UUID.test(key.toLowerCase());
    const found =
      isId || NUMBER.test(key)
        ? await this.records.find(isId ? { id: key.toLowerCase() } : { number: Number(key) })
        : null;
    if (found === null) throw new ImportNotRecordedError(key);
    return found;
  }

  /**
   * The report of an import that has ended, whole and in its place in the ledger; null while it runs.
   * @throws ImportReportDamagedError
   */
  async report({ number }: Pick<ImportRecord, 'number'>): Promise<RecordedReport | null> {
    if (number === null) return null;
    const { record, problems } = await this.inPlace(number);
    if (record === null || problems.length > 0) throw new ImportReportDamagedError(number, problems);
    const { document: text, sha3_384 } = record;
    return { document: parseDocument(text), text, sha3_384 };
  }

  /** @throws ImportNotRecordedError */
  async verify(key: string): Promise<ReportVerdict> {
    const { number } = await this.find(key);
    if (number === null) throw new ImportNotRecordedError(key);
    const { record, problems } = await this.inPlace(number);
    return this.verdict(number, record, problems);
  }

  /** Every report there is, in order, and a verdict on each that should be there. */
  async *verifyAll(): AsyncGenerator<ReportVerdict> {
    const last = (await this.records.newest())?.number ?? 0;
    let previous: string | null = null;
    for (let from = 1; from <= last; from += PAGE) {
      const to = Math.min(from + PAGE - 1, last);
      const page = new Map((await this.records.reported(from, to)).map((record) => [record.number, record]));
      for (let number = from; number <= to; number++) {
        const record = page.get(number) ?? null;
        yield await this.verdict(number, record, record === null ? [GONE] : problemsOf(record, previous));
        previous = record?.sha3_384 ?? null;
      }
    }
  }

  /** A report between the one before it and the one after it, which both say which one it is. */
  private async inPlace(number: number): Promise<{ record: ReportedImport | null; problems: string[] }> {
    const around = await this.records.reported(number - 1, number + 1);
    const at = (wanted: number): ReportedImport | null => around.find((one) => one.number === wanted) ?? null;
    const record = at(number);
    if (record === null) return { record, problems: [GONE] };
    const problems = problemsOf(record, at(number - 1)?.sha3_384 ?? null);
    const next = at(number + 1);
    if (next !== null && isOtherwiseBound(next, record.sha3_384))
      problems.push(`the report after it, ${number + 1}, does not follow it`);
    return { record, problems };
  }

  private async verdict(
    number: number,
    record: ReportedImport | null,
    problems: readonly string[],
  ): Promise<ReportVerdict> {
    const { source: file = null, sha3_384 = null } = record ?? {};
    const found = { held: 0, removed: 0 };
    if (record === null || problems.length > 0) return { number, file, sha3_384, problems, revisions: found };
    const conflicts: string[] = [];
    const look = (what: string, held: string | null, digest: string): void => {
      if (held === null) found.removed++;
      else if (held === digest) found.held++;
      else conflicts.push(`${what} is held with another content, ${held}`);
    };
    const { revisions = [], components = [] } = parseDocument(record.document).report ?? {};
    for (const { name, snapId, revision, sha3_384: digest } of revisions)
      look(`revision ${revision} of ${name}`, await this.catalog.heldDigest(snapId, revision), digest);
    for (const { name, snapId, component, revision, sha3_384: digest } of components) {
      const held = await this.components.heldDigest(snapId, component, revision);
      look(`revision ${revision} of ${name}+${component}`, held, digest);
    }
    return { number, file, sha3_384, problems: conflicts, revisions: found };
  }
}

/** Whether a report is whole and says that another one is before it. One that is damaged itself says nothing. */
function isOtherwiseBound({ document, sha3_384 }: ReportedImport, previous: string): boolean {
  return hasDigest(document, sha3_384) && parseDocument(document).previous !== previous;
}

const GONE = 'it is gone';

function problemsOf(record: ReportedImport, previous: string | null): string[] {
  const { document, sha3_384, number } = record;
  const problems = documentProblems(document, { sha3_384, number, previous });
  if (problems.length > 0) return problems;
  const { id, file, outcome, report } = parseDocument(document);
  const { bundleId = null, signature = null, released = null } = report ?? {};
  const says = [id, file, outcome, bundleId, signature?.signer ?? null, released?.rule ?? null];
  const listed = [record.id, record.source, record.state, record.bundleId, record.signer, record.releaseRule];
  const isListedRight = says.every((one, index) => one === listed[index]);
  return isListedRight ? [] : ['its row in the ledger says something else than the report'];
}
