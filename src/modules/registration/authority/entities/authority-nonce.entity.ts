import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A nonce that was given out and not used. */
@Entity({ name: 'authority_nonce' })
export class AuthorityNonce {
  /** SHA-256 of it in hex: what is in the database registers nobody. */
  @PrimaryColumn({ type: 'char', length: 64 })
  readonly digest!: string;

  @Column({ name: 'operator_id', type: 'text' })
  @Index('authority_nonce_operator')
  readonly operatorId!: string;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  readonly expiresAt!: Date;
}
