import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A device that has proved who it is. Nobody else makes a row: what a stranger sends leaves nothing here. */
@Entity({ name: 'device' })
export class Device {
  @PrimaryColumn({ name: 'brand_id', type: 'text', primaryKeyConstraintName: 'device_pk' })
  readonly brandId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'device_pk' })
  readonly model!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'device_pk' })
  readonly serial!: string;

  /** The id of its key, as in its serial assertion. */
  @Column({ name: 'key_id', type: 'char', length: 64 })
  @Index('device_key')
  readonly keyId!: string;

  /** Who signed its serial. */
  @Column({ name: 'authority_id', type: 'text' })
  readonly authorityId!: string;

  /** What it last said of itself, shortened. */
  @Column({ name: 'user_agent', type: 'text', nullable: true })
  readonly userAgent!: string | null;

  @Column({ name: 'first_seen', type: 'timestamptz' })
  readonly firstSeen!: Date;

  @Column({ name: 'last_seen', type: 'timestamptz' })
  @Index('device_last_seen')
  readonly lastSeen!: Date;

  /** When it last got a session, and how many it has had. */
  @Column({ name: 'session_at', type: 'timestamptz' })
  readonly sessionAt!: Date;

  @Column({ type: 'integer' })
  readonly sessions!: number;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  readonly revokedAt!: Date | null;
}
