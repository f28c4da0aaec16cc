import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The password of the built-in user `admin`. There is one or none. */
@Entity({ name: 'access_password' })
@Check('access_password_only', 'id = 1')
export class StoredAccessPassword {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'access_password_pk' })
  readonly id!: number;

  /** A PHC string, as platform/passwords makes it. */
  @Column({ type: 'text' })
  readonly phc!: string;

  @Column({ name: 'changed_at', type: 'timestamptz', default: () => 'now()' })
  readonly changedAt!: Date;
}
