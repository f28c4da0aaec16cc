import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

import type { RegistrationOrigin } from '../verification/verified-registration.js';

/** Who this store is. There is one row at most: registering again changes it. */
@Entity({ name: 'store_identity' })
@Check('store_identity_one_row', '"id" = 1')
export class StoreIdentityRow {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'store_identity_pk' })
  readonly id!: number;

  /** Null: self-issued. */
  @Column({ name: 'store_id', type: 'text', nullable: true })
  readonly storeId!: string | null;

  /** As it was signed. */
  @Column({ type: 'text' })
  readonly url!: string;

  @Column({ type: 'text' })
  readonly origin!: RegistrationOrigin;

  /** Of the RSA key that the store registered with, as assertions name a key. */
  @Column({ name: 'key_id', type: 'text', nullable: true })
  readonly keyId!: string | null;

  /** Of the carried registration that it was taken from (SHA-256, hex); null where it was not carried. */
  @Column({ name: 'carried_sha256', type: 'text', nullable: true })
  readonly carriedSha256!: string | null;

  @Column({ name: 'registered_at', type: 'timestamptz' })
  readonly registeredAt!: Date;
}
