import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { ImportReport } from './import-report.js';

export type ImportState = 'running' | 'done' | 'failed';

/** The ledger of what was brought in, by which file, with the report that was given. */
@Entity({ name: 'import' })
@Index('import_bundle', ['bundleId'])
export class ImportRecord {
  @PrimaryColumn({ type: 'uuid' })
  readonly id!: string;

  /** The id in bundle.json; null for pairs, which have none. */
  @Column({ name: 'bundle_id', type: 'text', nullable: true })
  readonly bundleId!: string | null;

  /** The file's name without its folder. */
  @Column({ type: 'text' })
  readonly source!: string;

  @Column({ type: 'text' })
  readonly state!: ImportState;

  /** The key id of who signed the bundle's manifest; null where nobody did. */
  @Column({ type: 'text', nullable: true })
  readonly signer!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  readonly report!: ImportReport | null;

  /** Why it failed, in one sentence. */
  @Column({ type: 'text', nullable: true })
  readonly reason!: string | null;

  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  readonly startedAt!: Date;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  readonly finishedAt!: Date | null;
}
