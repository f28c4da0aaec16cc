import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A model whose devices this store may give serials to. */
@Entity({ name: 'device_model' })
export class DeviceModel {
  @PrimaryColumn({ name: 'brand_id', type: 'text', primaryKeyConstraintName: 'device_model_pk' })
  readonly brandId!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'device_model_pk' })
  readonly name!: string;

  /** SHA-256 in hex of what its devices say in `api-key`; null where they need not say anything. */
  @Column({ name: 'api_key_digest', type: 'char', length: 64, nullable: true })
  readonly apiKeyDigest!: string | null;

  /** The first characters of that key, by which an operator knows it again. */
  @Column({ name: 'api_key_start', type: 'text', nullable: true })
  readonly apiKeyStart!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'created_by', type: 'text' })
  readonly createdBy!: string;
}
