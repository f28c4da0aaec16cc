import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What a key is for. `identity`: what the store registers with. `signer`: signs the bundles that are fetched here.
 * `authority`: signs assertions where this program is an authority. `brand`: signs in the name of a brand, such as its serials.
 * `other`: kept for whoever names it by id.
 */
export const KEY_ROLES = ['identity', 'signer', 'authority', 'brand', 'other'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

/** Whether a role has any number of active keys, and not one. */
export function hasManyKeys(role: KeyRole): boolean {
  return role === 'brand' || role === 'other';
}

export type KeyAlgorithm = 'rsa' | 'ed25519';
export type KeyState = 'active' | 'retired';

/**
 * A key pair of this store. Each role but `brand` and `other` has one active key at most; of a brand's active keys no two have the
 * same name. A retired key signs nothing any more. The private half is either sealed here or in a token.
 */
@Entity({ name: 'key' })
@Index('key_active', ['role'], { unique: true, where: `state = 'active' AND role NOT IN ('brand', 'other')` })
@Index('key_brand_name', ['accountId', 'name'], { unique: true, where: `state = 'active' AND role = 'brand'` })
@Check('key_place', `(sealed_private IS NULL) = (token IS NOT NULL AND token_object IS NOT NULL)`)
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

  /** PKCS#8 in DER, sealed as `key/ID`; null where it is in a token. */
  @Column({ name: 'sealed_private', type: 'text', nullable: true })
  readonly sealedPrivate!: string | null;

  /** The label of the token that has the private half. */
  @Column({ type: 'text', nullable: true })
  readonly token!: string | null;

  /** The key's CKA_ID in that token, in lower case hex. */
  @Column({ name: 'token_object', type: 'text', nullable: true })
  readonly tokenObject!: string | null;

  /** Of a brand's key: the account in whose name it signs. */
  @Column({ name: 'account_id', type: 'text', nullable: true })
  readonly accountId!: string | null;

  /** Of a brand's key: what the brand calls it. */
  @Column({ type: 'text', nullable: true })
  readonly name!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  readonly createdAt!: Date;

  @Column({ name: 'retired_at', type: 'timestamptz', nullable: true })
  readonly retiredAt!: Date | null;
}
