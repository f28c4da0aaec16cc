import type { ChannelMove } from '../catalog/index.js';

/** What one file brought, or would bring: the answer of `push-snap`, kept in the ledger. Specified in docs/import-report.md. */
export interface ImportReport {
  readonly file: string;
  readonly kind: 'bundle' | 'pair';
  readonly bundleId: string | null;
  /** Nothing was new: the same content had been imported before. */
  readonly alreadyImported: boolean;
  readonly dryRun: boolean;
  readonly released: ReleaseRule;
  readonly signature: ImportSignature;
  readonly checked: ImportChecks;
  /** Every snap that the file speaks of. */
  readonly snaps: readonly ImportedSnap[];
  readonly revisions: readonly ImportedRevision[];
  readonly components: readonly ImportedComponent[];
  readonly media: readonly ImportedMedia[];
  readonly releases: readonly ChannelMove[];
  readonly assertions: { readonly added: number; readonly updated: number; readonly unchanged: number };
  readonly notes: readonly string[];
  /** Where the ledger keeps it; null for a dry run. */
  readonly record: ImportReceipt | null;
}

/** Names a report in the ledger. */
export interface ImportReceipt {
  readonly number: number;
  readonly id: string;
  /** Of the report as the ledger keeps it; lowercase hex. */
  readonly sha3_384: string;
}

/** To which channels what it carries went, as it was asked for. */
export interface ReleaseRule {
  /** `fetched`: to those that it was fetched from (a pair: latest/stable); `channel-map`: its map replaced the one that was there. */
  readonly rule: 'fetched' | 'channel-map' | 'channel';
  /** The one that was named, with the rule `channel`. */
  readonly channel: string | null;
}

/** Who vouches for channel map and metadata. */
export interface ImportSignature {
  readonly state: 'known-signer' | 'unsigned';
  /** The key-id; null where nobody signed. */
  readonly signer: string | null;
  /** What this store called the signer at that time. */
  readonly signerName: string | null;
}

/** What was found to hold before anything became visible. */
export interface ImportChecks {
  /** `manifest`: its signature and nothing more, because the ledger knows the bundle and all of it is held. */
  readonly extent: 'everything' | 'manifest';
  /** SHA3-384 of bundle.json, which holds the digest of every other member, in lowercase hex; null where there is none. */
  readonly manifestSha3_384: string | null;
  /** Those that came with the file; each was verified up to a trusted root. */
  readonly assertions: {
    readonly count: number;
    readonly byType: Readonly<Record<string, number>>;
    /** Whose keys signed them, base64url ids as assertions write them. */
    readonly keys: readonly { readonly authority: string; readonly key: string; readonly count: number }[];
  };
  /** Files of which every byte was hashed and is what is signed. */
  readonly snaps: CheckedFiles;
  readonly components: CheckedFiles;
  readonly media: CheckedFiles;
  /** The version of the rules for what may enter; null where none are set. */
  readonly policyVersion: number | null;
}

export interface CheckedFiles {
  readonly count: number;
  readonly sizeBytes: number;
}

export interface ImportedSnap {
  readonly name: string;
  readonly snapId: string;
  /** As the assertions say; null where they were not looked at. */
  readonly publisher: { readonly id: string; readonly username: string | null } | null;
  /** `updated`: a revision, a component or what the store says of the snap is new. Its channels are in `releases`. */
  readonly outcome: 'added' | 'updated' | 'unchanged';
  /** Whether its name, publisher, default track, description or pictures are others than before. */
  readonly isDescriptionNew: boolean;
}

export interface ImportedRevision {
  readonly name: string;
  readonly snapId: string;
  readonly revision: number;
  readonly version: string;
  readonly architectures: readonly string[];
  readonly sizeBytes: number;
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly outcome: 'added' | 'unchanged';
}

export interface ImportedComponent {
  /** The snap's. */
  readonly name: string;
  readonly snapId: string;
  readonly component: string;
  readonly revision: number;
  /** `standard`, `kernel-modules`, … */
  readonly type: string;
  readonly version: string | null;
  readonly sizeBytes: number;
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly outcome: 'added' | 'unchanged';
}

/** A picture; which snaps use it is in their descriptions. */
export interface ImportedMedia {
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly outcome: 'added' | 'unchanged';
}
