import type { ChannelMove } from '../catalog/index.js';

/** What one file brought, or would bring: the answer of `push-snap`, kept in the ledger. */
export interface ImportReport {
  readonly file: string;
  readonly kind: 'bundle' | 'pair';
  readonly bundleId: string | null;
  /** Nothing was new: the same content had been imported before. */
  readonly alreadyImported: boolean;
  readonly dryRun: boolean;
  readonly signature: { readonly state: 'known-signer' | 'unsigned'; readonly signer: string | null };
  readonly revisions: readonly ImportedRevision[];
  readonly releases: readonly ChannelMove[];
  readonly assertions: { readonly added: number; readonly updated: number; readonly unchanged: number };
  readonly notes: readonly string[];
}

export interface ImportedRevision {
  readonly name: string;
  readonly snapId: string;
  readonly revision: number;
  readonly version: string;
  readonly architectures: readonly string[];
  readonly sizeBytes: number;
  readonly sha3_384: string;
  readonly outcome: 'added' | 'unchanged';
}
