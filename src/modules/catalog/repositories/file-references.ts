import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';

/** What of a snap is about to go. */
export interface GoingContent {
  readonly snapId: string;
  readonly revisions: readonly number[];
  readonly components: readonly { readonly name: string; readonly revision: number }[];
  readonly isWholeSnap: boolean;
}

/** Which files the catalog names, whatever they are to it. */
@Injectable()
export class FileReferences {
  constructor(private readonly transaction: Transaction) {}

  /** Those of the digests, in hex, that nothing names but what is about to go. */
  async unreferenced(sha3_384s: readonly string[], going: GoingContent): Promise<string[]> {
    const components = going.components.map(({ name, revision }) => `${name}_${revision}`);
    const rows = await this.transaction.manager.query<{ sha3_384: string }[]>(
      `SELECT sha3_384 FROM ${SCHEMA}.snap_revision
       WHERE sha3_384 = ANY($1) AND NOT (snap_id = $2 AND revision = ANY($3))
       UNION
       SELECT sha3_384 FROM ${SCHEMA}.component_revision
       WHERE sha3_384 = ANY($1) AND NOT (snap_id = $2 AND name || '_' || revision = ANY($5))
       UNION
       SELECT sha3_384 FROM ${SCHEMA}.snap_delta
       WHERE sha3_384 = ANY($1)
         AND NOT (snap_id = $2 AND (source_revision = ANY($3) OR target_revision = ANY($3)))
       UNION
       SELECT icon->>'sha3-384' FROM ${SCHEMA}.snap_revision
       WHERE icon->>'sha3-384' = ANY($1) AND NOT (snap_id = $2 AND revision = ANY($3))
       UNION
       SELECT picture->>'sha3-384' FROM ${SCHEMA}.snap, jsonb_array_elements(metadata->'media') picture
       WHERE picture->>'sha3-384' = ANY($1) AND NOT (snap_id = $2 AND $4)`,
      [sha3_384s, going.snapId, going.revisions, going.isWholeSnap, components],
    );
    const referenced = new Set(rows.map((row) => row.sha3_384));
    return sha3_384s.filter((digest) => !referenced.has(digest));
  }
}
