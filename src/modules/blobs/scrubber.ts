import { Injectable } from '@nestjs/common';

import { HashWorkers } from '../../platform/hashing/hash-workers.js';
import type { Blob } from './blob.entity.js';
import { BlobProver, type Proof } from './blob-prover.js';
import { BlobRepository } from './blob.repository.js';
import { Collector } from './collector.js';

export interface ScrubProgress {
  readonly checked: number;
  readonly total: number;
  readonly checkedBytes: number;
  readonly totalBytes: number;
}

export interface ScrubOptions {
  /** Re-marks as sound what was marked as damaged and is whole again. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: ScrubProgress) => void;
}

export interface ScrubReport {
  readonly checked: number;
  readonly checkedBytes: number;
  readonly damaged: readonly { readonly sha3_384: string; readonly reason: string }[];
  readonly missing: readonly string[];
  /** Files that no row names; the collector removes them. */
  readonly orphaned: readonly string[];
  /** Marked as damaged and whole again; `repair` marks them as sound. */
  readonly recovered: readonly string[];
}

const PAGE = 200;

/** Reads every blob again, bit by bit, and compares it with its digest. What turns out damaged is not served any more. */
@Injectable()
export class Scrubber {
  constructor(
    private readonly repository: BlobRepository,
    private readonly prover: BlobProver,
    private readonly collector: Collector,
    private readonly workers: HashWorkers,
  ) {}

  async scrub(options: ScrubOptions = {}): Promise<ScrubReport> {
    const totals = await this.repository.totals();
    const findings = new Findings(totals, options);
    for (let after = ''; ;) {
      const page = await this.repository.page(after, PAGE);
      const last = page.at(-1);
      if (last === undefined) break;
      await this.checkAll(page, findings, options);
      after = last.sha3_384;
    }
    return findings.report(await this.collector.orphans());
  }

  private async checkAll(page: readonly Blob[], findings: Findings, options: ScrubOptions): Promise<void> {
    const queue = [...page];
    const work = async (): Promise<void> => {
      for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) {
        const proof = await this.prover.check(blob.sha3_384, Number(blob.sizeBytes), options.signal);
        const isRecovery = blob.state === 'damaged' && proof.state === 'sound';
        if (!isRecovery || options.repair === true) await this.prover.record(blob.sha3_384, proof);
        findings.add(blob, proof);
      }
    };
    await Promise.all(Array.from({ length: this.workers.parallelism }, work));
  }
}

class Findings {
  private readonly damaged: { sha3_384: string; reason: string }[] = [];
  private readonly missing: string[] = [];
  private readonly recovered: string[] = [];
  private checked = 0;
  private checkedBytes = 0;

  constructor(
    private readonly totals: { readonly count: number; readonly sizeBytes: number },
    private readonly options: ScrubOptions,
  ) {}

  add(blob: Blob, proof: Proof): void {
    this.checked++;
    this.checkedBytes += Number(blob.sizeBytes);
    if (proof.state === 'missing') this.missing.push(blob.sha3_384);
    else if (proof.state === 'damaged') this.damaged.push({ sha3_384: blob.sha3_384, reason: proof.reason });
    else if (blob.state === 'damaged') this.recovered.push(blob.sha3_384);
    this.options.onProgress?.({
      checked: this.checked,
      total: Math.max(this.totals.count, this.checked),
      checkedBytes: this.checkedBytes,
      totalBytes: Math.max(this.totals.sizeBytes, this.checkedBytes),
    });
  }

  report(orphaned: readonly string[]): ScrubReport {
    return {
      checked: this.checked,
      checkedBytes: this.checkedBytes,
      damaged: this.damaged.sort((a, b) => (a.sha3_384 < b.sha3_384 ? -1 : 1)),
      missing: this.missing.sort(),
      orphaned,
      recovered: this.recovered.sort(),
    };
  }
}
