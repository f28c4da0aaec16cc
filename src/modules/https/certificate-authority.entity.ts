import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** An authority that this store made for its own certificate. The newest row is in use; rows are never changed. */
@Entity({ name: 'certificate_authority' })
export class CertificateAuthority {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  readonly id!: string;

  @Column({ name: 'certificate_pem', type: 'text' })
  readonly certificatePem!: string;

  @Column({ name: 'sealed_key', type: 'text' })
  readonly sealedKey!: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  readonly createdAt!: Date;
}
