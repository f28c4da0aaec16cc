import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What a key is for. `identity`: what the store registers with. `signer`: signs the bundles that are fetched here.
 * `authority`: signs assertions where this program is an authority. `other`: kept for whoever names it by id.
 */
export const KEY_ROLES = ['identity', 'signer', 'authority', 'other'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

export type KeyAlgorithm = 'rsa' | 'ed25519';
export type KeyState = 'active' | 'retired';

/** A key pair of this store. Each role but `other` has one active key at most; a retired key signs nothing any more. */
@Entity({ name: 'key' })
@Index('key_active', ['role'], { unique: true, where: `state = 'active' AND role <> 'other'` })
export class StoreKey {
  /** RSA: as assertions name a key (formats/openpgp). Ed25519: as bundles name their signer (formats/bundle). */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'key_pk' })
  readonly id!: string;

  @Column({ type: 'text' })
  readonly role!: KeyRole;

  @Column({ type: 'text' })
  readonly algorithm!: KeyAlgorithm;

  @Column({ type: 'text' })
  readonly state!: KeyState;

  /** SubjectPublicKeyInfo. */
  @Column({ name: 'public_pem', type: 'text' })
  readonly publicPem!: string;

  /** PKCS#8 in DER, sealed as `key/ID`. */
  @Column({ name: 'sealed_private', type: 'text' })
  readonly sealedPrivate!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  readonly createdAt!: Date;

  @Column({ name: 'retired_at', type: 'timestamptz', nullable: true })
  readonly retiredAt!: Date | null;
}
