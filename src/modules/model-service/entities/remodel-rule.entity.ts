import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** Lets devices of a model become devices of another model of the same brand: all of them, or one. */
@Entity({ name: 'remodel_rule' })
@Index('remodel_rule_what', ['brandId', 'fromModel', 'toModel', 'fromSerial'], { unique: true })
export class RemodelRule {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'remodel_rule_pk',
  })
  readonly id!: number;

  @Column({ name: 'brand_id', type: 'text' })
  readonly brandId!: string;

  @Column({ name: 'from_model', type: 'text' })
  readonly fromModel!: string;

  @Column({ name: 'to_model', type: 'text' })
  readonly toModel!: string;

  /** Empty: every device of the model. */
  @Column({ name: 'from_serial', type: 'text' })
  readonly fromSerial!: string;

  @Column({ type: 'text' })
  readonly description!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'created_by', type: 'text' })
  readonly createdBy!: string;
}
