import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Somebody who may register stores. */
@Entity({ name: 'authority_operator' })
export class AuthorityOperator {
  /** As in assertions. */
  @PrimaryColumn({ name: 'account_id', type: 'text' })
  readonly accountId!: string;

  /** In lower case. */
  @Column({ type: 'text' })
  @Index('authority_operator_email', { unique: true })
  readonly email!: string;

  @Column({ name: 'password_hash', type: 'text' })
  readonly passwordHash!: string;

  /** Sealed; null where there is no second factor. */
  @Column({ name: 'totp_secret', type: 'text', nullable: true })
  readonly totpSecret!: string | null;

  /** The step of the last one-time password that was taken; none up to it is taken again. */
  @Column({ name: 'totp_step', type: 'bigint', default: 0 })
  readonly totpStep!: string;

  /** The account assertion. */
  @Column({ type: 'bytea' })
  readonly account!: Buffer;

  @Column({ name: 'added_at', type: 'timestamptz' })
  readonly addedAt!: Date;
}
