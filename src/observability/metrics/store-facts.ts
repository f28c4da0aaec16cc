import { Injectable } from '@nestjs/common';

import { AirgapMode } from '../../modules/airgap-policy/index.js';
import { BlobRepository } from '../../modules/blobs/index.js';
import { ListingService } from '../../modules/catalog/index.js';
import { CertificateService } from '../../modules/https/index.js';
import { LedgerReader } from '../../modules/snap-import/index.js';
import { DataDirectory } from '../../platform/config/data-directory.js';
import { readRefusals } from '../../platform/egress/index.js';

/** What the whole store is at a moment, whichever of its processes is asked. */
export interface StoreFacts {
  readonly snaps: number;
  readonly revisions: number;
  readonly blobs: { readonly count: number; readonly sizeBytes: number };
  readonly imports: Readonly<Record<'running' | 'done' | 'failed', number>>;
  /** Null where HTTPS is off. */
  readonly certificateValidTo: Date | null;
  readonly isAirGapped: boolean;
  /** Since air-gapped mode is on. */
  readonly policyViolations: number;
}

/** However often it is asked, the database is not. */
const FRESH_MS = 5_000;

@Injectable()
export class StoreFactsReader {
  private latest: { readonly at: number; readonly facts: Promise<StoreFacts> } | null = null;

  constructor(
    private readonly listing: ListingService,
    private readonly blobs: BlobRepository,
    private readonly ledger: LedgerReader,
    private readonly certificates: CertificateService,
    private readonly airgap: AirgapMode,
    private readonly dataDirectory: DataDirectory,
  ) {}

  /** @throws what the database throws */
  read(): Promise<StoreFacts> {
    const now = performance.now();
    if (this.latest === null || now - this.latest.at > FRESH_MS) this.latest = { at: now, facts: this.look() };
    return this.latest.facts;
  }

  private async look(): Promise<StoreFacts> {
    const isAirGapped = this.airgap.isOn();
    const [holdings, blobs, imports, certificate, refusals] = await Promise.all([
      this.listing.holdings(),
      this.blobs.totals(),
      this.ledger.totals(),
      this.certificates.current(),
      isAirGapped ? readRefusals(this.dataDirectory.path, this.airgap.since) : null,
    ]);
    return {
      snaps: holdings.snaps,
      revisions: holdings.revisions,
      blobs,
      imports,
      certificateValidTo: certificate?.validTo ?? null,
      isAirGapped,
      policyViolations: refusals?.count ?? 0,
    };
  }
}
