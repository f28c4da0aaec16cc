import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What request-ids are made with, so that every process knows those of the others. There is one row, or none. */
@Entity({ name: 'registration_secret' })
export class RegistrationSecret {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'registration_secret_pk' })
  readonly id!: number;

  /** Sealed. */
  @Column({ type: 'text' })
  readonly secret!: string;
}
