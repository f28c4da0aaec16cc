import { Column, Entity, PrimaryColumn } from 'typeorm';

import type { PolicyDocument } from './policy-document.js';

/** What may enter the store, as it was decided once. The highest version is in force; the database lets no row be changed. */
@Entity({ name: 'import_policy' })
export class StoredImportPolicy {
  /** From 1, without gaps. */
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'import_policy_pk' })
  readonly version!: number;

  @Column({ type: 'jsonb' })
  readonly document!: PolicyDocument;

  @Column({ name: 'set_at', type: 'timestamptz', default: () => 'now()' })
  readonly setAt!: Date;

  /** The user of the operating system. */
  @Column({ name: 'set_by', type: 'text' })
  readonly setBy!: string;
}
