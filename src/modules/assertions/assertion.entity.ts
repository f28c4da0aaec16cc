import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/**
 * An assertion that verified up to a trusted root when it came in, in the bytes that its authority signed. There is one row for
 * each format of an assertion, the newest revision of it; `encoded` is the truth, the other columns are read from it.
 */
@Entity({ name: 'assertion' })
@Index('assertion_identity', ['type', 'primaryKey', 'format'], { unique: true })
export class AssertionRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  readonly id!: string;

  @Column({ type: 'text' })
  readonly type!: string;

  /** Full: optional keys are there with their defaults. */
  @Column({ name: 'primary_key', type: 'text', array: true })
  readonly primaryKey!: string[];

  /** The last key of a sequence-forming type as a number, else null. */
  @Column({ type: 'integer', nullable: true })
  readonly sequence!: number | null;

  @Column({ type: 'integer' })
  readonly revision!: number;

  @Column({ type: 'integer' })
  readonly format!: number;

  /** Empty for the types that have no authority. */
  @Column({ name: 'authority_id', type: 'text' })
  readonly authorityId!: string;

  /** SHA3-384 of the signing key, base64url without padding. */
  @Column({ name: 'sign_key', type: 'text' })
  readonly signKey!: string;

  @Column({ type: 'jsonb' })
  readonly headers!: Record<string, unknown>;

  @Column({ type: 'bytea' })
  readonly encoded!: Buffer;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;
}
