import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { ReleaseRule } from '../import-report.js';

export type ImportState = 'running' | 'done' | 'failed';

/**
 * The ledger: an import that was begun, and once it has ended its report, sealed by digests (import-document.ts). The database
 * lets no row be changed that has its report.
 */
@Entity({ name: 'import' })
@Index('import_bundle', ['bundleId'])
@Index('import_number', ['number'], { unique: true })
export class ImportRecord {
  @PrimaryColumn({ type: 'uuid' })
  readonly id!: string;

  /** Counts the imports that have ended, from 1 and without a gap; null while this one runs. */
  @Column({ type: 'integer', nullable: true })
  readonly number!: number | null;

  /** The id in bundle.json; null for pairs, which have none. */
  @Column({ name: 'bundle_id', type: 'text', nullable: true })
  readonly bundleId!: string | null;

  /** To which channels it went, as it was asked for; null where it failed. */
  @Column({ name: 'release_rule', type: 'text', nullable: true })
  readonly releaseRule!: ReleaseRule['rule'] | null;

  /** The file's name without its folder. */
  @Column({ type: 'text' })
  readonly source!: string;

  @Column({ type: 'text' })
  readonly state!: ImportState;

  /** The user of the operating system who pushed it; null where a program did. */
  @Column({ name: 'by_user', type: 'text', nullable: true })
  readonly byUser!: string | null;

  /** The machine that imported it. */
  @Column({ type: 'text', nullable: true })
  readonly host!: string | null;

  /** The key id of who signed the bundle's manifest; null where nobody did. */
  @Column({ type: 'text', nullable: true })
  readonly signer!: string | null;

  /** What this store called the signer at that time. */
  @Column({ name: 'signer_name', type: 'text', nullable: true })
  readonly signerName!: string | null;

  /** The report, byte for byte as its digest is of; null while the import runs. */
  @Column({ type: 'text', nullable: true, select: false })
  readonly document!: string | null;

  /** Of `document`; lowercase hex. */
  @Column({ name: 'sha3_384', type: 'char', length: 96, nullable: true })
  readonly sha3_384!: string | null;

  /** Why it failed, in one sentence. */
  @Column({ type: 'text', nullable: true })
  readonly reason!: string | null;

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  readonly startedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  readonly finishedAt!: Date | null;
}
