import { Injectable } from '@nestjs/common';

import {
  BundlePartRefusedError,
  checkPartSizes,
  formatPartSetName,
  missingParts,
  partNumbers,
  type PartSetName,
  type SplitBundle,
} from '../../../formats/bundle/index.js';
import type { CarriedFile } from '../carried-file.js';
import type { ImportReport } from '../import-report.js';
import { ImportService, type ImportOptions } from '../import.service.js';
import { NoWaitingPartsError } from './parts.errors.js';
import { WaitingParts, type WaitingBundle } from './waiting-parts.js';

/** What is at hand of a bundle whose other parts have not come. */
export interface PartsWaiting {
  /** All parts in one word: `NAME.ID.part*ofTOTAL`. */
  readonly bundle: string;
  readonly total: number;
  readonly present: readonly number[];
  readonly missing: readonly number[];
  readonly sizeBytes: number;
  /** Whether the store keeps what is there; not so on a dry run. */
  readonly isKept: boolean;
  /** RFC 3339; null where nothing is kept. */
  readonly since: string | null;
}

/**
 * Imports bundles that come in parts, over as many calls as it takes: parts that come without the others are kept, and once all
 * are there the bundle is imported as if it had come in one piece.
 */
@Injectable()
export class PartImports {
  constructor(
    private readonly imports: ImportService,
    private readonly waiting: WaitingParts,
  ) {}

  /**
   * Imports a file. Parts are completed by those that wait; where some are still missing, these are kept, and that is said. Nothing
   * of a bundle is visible before all of its parts are there.
   * @throws as ImportService.import; BundlePartRefusedError, TooManyWaitingPartsError
   */
  async import(file: CarriedFile, options: ImportOptions = {}): Promise<ImportReport | PartsWaiting> {
    const given = file.split;
    if (given === null) return this.imports.import(file, options);
    await file.addParts(await this.partsThatWait(given));
    const split = file.split ?? given;
    checkPartSizes(split);
    if (missingParts(split).length > 0) return this.keep(file, given, split, options);
    const report = await this.imports.import(file, options);
    if (!report.dryRun) await this.waiting.discard(split.set);
    return report;
  }

  async list(): Promise<PartsWaiting[]> {
    return (await this.waiting.list()).map(({ since, ...bundle }) => waitingOf(bundle, since));
  }

  /**
   * Throws away the parts that wait of one bundle.
   * @param name as `list` gives it, or the beginning of the bundle's id that is in it
   * @throws NoWaitingPartsError
   */
  async discard(name: string): Promise<PartsWaiting[]> {
    const found = (await this.waiting.list()).filter(({ set }) => isCalled(set, name));
    if (found.length === 0) throw new NoWaitingPartsError(`no parts of a bundle ${name} wait for others`, { name });
    for (const { set } of found) await this.waiting.discard(set);
    return found.map(({ since, ...bundle }) => waitingOf(bundle, since));
  }

  /** Those that were not brought again. */
  private async partsThatWait({ set, parts }: SplitBundle): Promise<WaitingBundle['parts']> {
    const given = new Set(parts.map(({ number }) => number));
    return (await this.waiting.of(set)).filter(({ number }) => !given.has(number));
  }

  private async keep(
    file: CarriedFile,
    given: SplitBundle,
    split: SplitBundle,
    { dryRun = false, signal, onProgress = () => undefined }: ImportOptions,
  ): Promise<PartsWaiting> {
    if (dryRun) return waitingOf(split, null);
    const reading = signal ?? new AbortController().signal;
    await this.waiting.keep(split.set, given.parts, async function* (part) {
      const { total } = split.set;
      let done = 0;
      for await (const chunk of file.part(part, reading)) {
        done += chunk.length;
        onProgress({ step: `keeping part ${part.number} of ${total}`, done, total: part.sizeBytes, unit: 'bytes' });
        if (done <= part.sizeBytes) yield chunk;
        else break;
      }
      if (done === part.sizeBytes) return;
      throw new BundlePartRefusedError({ file: part.path, member: null }, 'changes while it is read');
    });
    return waitingOf(split, new Date());
  }
}

/** One line of what is there and what is not. */
export function describeWaiting({ bundle, total, present, missing, isKept }: PartsWaiting): string {
  const there = `${partNumbers(present, total)} ${isKept ? 'kept' : 'there'}`;
  return `${bundle}: ${there}; ${partNumbers(missing, total)} missing`;
}

function waitingOf({ set, parts }: Pick<SplitBundle, 'set' | 'parts'>, since: Date | null): PartsWaiting {
  return {
    bundle: formatPartSetName(set),
    total: set.total,
    present: parts.map(({ number }) => number),
    missing: missingParts({ set, parts }),
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    isKept: since !== null,
    since: since?.toISOString() ?? null,
  };
}

function isCalled(set: PartSetName, name: string): boolean {
  return formatPartSetName(set) === name || set.idStart === name;
}
