import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../../platform/database/data-source.js';
import { Transaction } from '../../platform/database/transaction.js';

/** A held revision beside the file that it names. */
export interface RevisionRow {
  readonly snapId: string;
  readonly name: string;
  readonly revision: number;
  readonly sha3_384: string;
  readonly sizeBytes: number;
  readonly provenance: string;
  /** Null where no file of that digest is held. */
  readonly blobSizeBytes: number | null;
}

/** A held component revision beside the file that it names. */
export interface ComponentRow extends Omit<RevisionRow, 'name'> {
  readonly snapName: string;
  readonly name: string;
  readonly snapRevisions: readonly number[];
}

/** A picture of a snap beside its file. */
export interface PictureRow {
  readonly name: string;
  readonly type: string;
  readonly sha3_384: string;
  /** Null where no file of that digest is held. */
  readonly isWhole: boolean | null;
}

export interface DanglingRelease {
  readonly name: string;
  readonly channel: string;
  readonly architecture: string;
  readonly revision: number;
}

/** Questions across the tables of other modules, for finding out whether they agree. It reads and never writes. */
@Injectable()
export class IntegrityRepository {
  constructor(private readonly transaction: Transaction) {}

  async revisions(): Promise<RevisionRow[]> {
    const rows = await this.query<
      Omit<RevisionRow, 'sizeBytes' | 'blobSizeBytes'> & { sizeBytes: string; blobSizeBytes: string | null }
    >(
      `SELECT held.snap_id AS "snapId", snap.name, held.revision, held.sha3_384, held.size_bytes AS "sizeBytes",
              held.provenance, blob.size_bytes AS "blobSizeBytes"
       FROM ${SCHEMA}.snap_revision held
       JOIN ${SCHEMA}.snap USING (snap_id)
       LEFT JOIN ${SCHEMA}.blob USING (sha3_384)
       ORDER BY snap.name, held.revision`,
    );
    return rows.map((row) => ({
      ...row,
      sizeBytes: Number(row.sizeBytes),
      blobSizeBytes: row.blobSizeBytes === null ? null : Number(row.blobSizeBytes),
    }));
  }

  /** Held component revisions, each with the snap revisions that it goes with. */
  async components(): Promise<ComponentRow[]> {
    const rows = await this.query<
      Omit<ComponentRow, 'sizeBytes' | 'blobSizeBytes'> & { sizeBytes: string; blobSizeBytes: string | null }
    >(
      `SELECT held.snap_id AS "snapId", snap.name AS "snapName", held.name, held.revision, held.sha3_384,
              held.size_bytes AS "sizeBytes", held.provenance, blob.size_bytes AS "blobSizeBytes",
              array(SELECT pair.snap_revision FROM ${SCHEMA}.component_pair pair
                    WHERE pair.snap_id = held.snap_id AND pair.name = held.name
                      AND pair.component_revision = held.revision ORDER BY 1) AS "snapRevisions"
       FROM ${SCHEMA}.component_revision held
       JOIN ${SCHEMA}.snap USING (snap_id)
       LEFT JOIN ${SCHEMA}.blob USING (sha3_384)
       ORDER BY snap.name, held.name, held.revision`,
    );
    return rows.map((row) => ({
      ...row,
      sizeBytes: Number(row.sizeBytes),
      blobSizeBytes: row.blobSizeBytes === null ? null : Number(row.blobSizeBytes),
    }));
  }

  /** Open channels that hold a revision which is not there. */
  danglingReleases(): Promise<DanglingRelease[]> {
    return this.query(
      `SELECT snap.name, newest.channel, newest.architecture, newest.revision
       FROM (SELECT DISTINCT ON (snap_id, architecture, channel) snap_id, architecture, channel, revision
             FROM ${SCHEMA}.release ORDER BY snap_id, architecture, channel, id DESC) newest
       JOIN ${SCHEMA}.snap USING (snap_id)
       WHERE newest.revision IS NOT NULL AND NOT EXISTS (
         SELECT FROM ${SCHEMA}.snap_revision held
         WHERE held.snap_id = newest.snap_id AND held.revision = newest.revision)
       ORDER BY 1, 2, 3`,
    );
  }

  /** Digests, in hex, of files that have a row and that no revision, component, delta or picture of a snap is. */
  async unusedBlobs(): Promise<string[]> {
    const rows = await this.query<{ sha3_384: string }>(
      `SELECT sha3_384 FROM ${SCHEMA}.blob
       WHERE NOT EXISTS (SELECT FROM ${SCHEMA}.snap_revision held WHERE held.sha3_384 = blob.sha3_384)
         AND NOT EXISTS (SELECT FROM ${SCHEMA}.component_revision held WHERE held.sha3_384 = blob.sha3_384)
         AND NOT EXISTS (SELECT FROM ${SCHEMA}.snap_delta held WHERE held.sha3_384 = blob.sha3_384)
         AND NOT EXISTS (SELECT FROM ${SCHEMA}.snap_revision held WHERE held.icon->>'sha3-384' = blob.sha3_384)
         AND sha3_384 NOT IN (
           SELECT picture->>'sha3-384' FROM ${SCHEMA}.snap, jsonb_array_elements(metadata->'media') picture)
       ORDER BY 1`,
    );
    return rows.map((row) => row.sha3_384);
  }

  /** How snaps use pictures, beside the files that these are. */
  pictures(): Promise<PictureRow[]> {
    return this.query(
      `SELECT snap.name, picture->>'type' AS type, picture->>'sha3-384' AS sha3_384,
              (picture->>'size')::bigint = blob.size_bytes AS "isWhole"
       FROM ${SCHEMA}.snap CROSS JOIN LATERAL jsonb_array_elements(metadata->'media') picture
       LEFT JOIN ${SCHEMA}.blob ON blob.sha3_384 = picture->>'sha3-384'
       ORDER BY 1, 3, 2`,
    );
  }

  /** When the youngest of the held assertions was made; null where none is held. */
  async newestTimestamp(): Promise<Date | null> {
    const [row] = await this.query<{ newest: Date | null }>(
      `SELECT max((headers->>'timestamp')::timestamptz) AS newest FROM ${SCHEMA}.assertion`,
    );
    return row?.newest ?? null;
  }

  /** As `server_version_num`: 150004 is 15.4. */
  async serverVersion(): Promise<number> {
    const [row] = await this.query<{ version: string }>(`SELECT current_setting('server_version_num') AS version`);
    return Number(row?.version ?? 0);
  }

  private query<Row>(text: string): Promise<Row[]> {
    return this.transaction.manager.query<Row[]>(text);
  }
}
