import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A setting that every process of the store shares. What is needed to reach the database lies in DATA/settings.yaml instead. */
@Entity({ name: 'setting' })
export class Setting {
  @PrimaryColumn({ type: 'text' })
  readonly key!: string;

  @Column({ type: 'text' })
  readonly value!: string;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  readonly updatedAt!: Date;
}
