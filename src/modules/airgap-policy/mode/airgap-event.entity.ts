import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export type AirgapState = 'on' | 'off';

/** That air-gapped mode was turned on or off, by whom. The newest row is in force; the database lets no row be changed. */
@Entity({ name: 'airgap_event' })
export class AirgapEvent {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'airgap_event_pk',
  })
  readonly id!: string;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  readonly at!: Date;

  @Column({ type: 'text' })
  readonly state!: AirgapState;

  /** The user of the operating system, such as `root (by sudo from alice)`. */
  @Column({ name: 'by_user', type: 'text' })
  readonly byUser!: string;

  /** The machine on which it was typed. */
  @Column({ type: 'text' })
  readonly host!: string;
}
