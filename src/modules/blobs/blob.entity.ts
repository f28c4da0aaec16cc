import { Column, Entity, PrimaryColumn } from 'typeorm';

export type BlobState = 'sound' | 'damaged';

/**
 * A file that the store holds, named by its content. A row exists only once the file is durable under its final name;
 * a file without a row is an orphan that the collector removes.
 */
@Entity({ name: 'blob' })
export class Blob {
  /** Lowercase hex. */
  @PrimaryColumn({ name: 'sha3_384', type: 'char', length: 96 })
  readonly sha3_384!: string;

  @Column({ name: 'size_bytes', type: 'bigint' })
  readonly sizeBytes!: string;

  /** A damaged blob is never served; importing it again repairs it. */
  @Column({ type: 'text', default: 'sound' })
  readonly state!: BlobState;

  /**
   * What the storage said of the file when its content was last proven (size and change time of a local file). A file
   * that looks different is hashed again before a byte of it is served.
   */
  @Column({ type: 'text' })
  readonly stamp!: string;

  @Column({ name: 'added_at', type: 'timestamptz', default: () => 'now()' })
  readonly addedAt!: Date;

  @Column({ name: 'verified_at', type: 'timestamptz', default: () => 'now()' })
  readonly verifiedAt!: Date;
}
