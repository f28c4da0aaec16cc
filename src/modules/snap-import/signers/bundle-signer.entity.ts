import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A connected side whose signature on bundle manifests this store accepts. */
@Entity({ name: 'bundle_signer' })
export class BundleSigner {
  /** As formats/bundle derives it from the public key. */
  @PrimaryColumn({ name: 'key_id', type: 'text' })
  readonly keyId!: string;

  /** Ed25519, SubjectPublicKeyInfo in PEM. */
  @Column({ name: 'public_key', type: 'text' })
  readonly publicKey!: string;

  @Column({ type: 'text' })
  readonly name!: string;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
