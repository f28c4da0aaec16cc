import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { SnapMedia } from '../snap-metadata.js';
import { SnapRevision } from '../entities/snap-revision.entity.js';

/** A revision without its snap.yaml, which may be large. */
export type RevisionFacts = Omit<SnapRevision, 'snap' | 'snapYaml'>;

/** What importing a revision knows of it. */
export type NewRevision = Omit<SnapRevision, 'snap' | 'addedAt' | 'sizeBytes'> & { readonly sizeBytes: number };

const FACTS = {
  snapId: true,
  revision: true,
  sha3_384: true,
  sizeBytes: true,
  version: true,
  type: true,
  base: true,
  confinement: true,
  grade: true,
  architectures: true,
  epoch: true,
  provenance: true,
  icon: true,
  commonIds: true,
  developerId: true,
  createdAt: true,
  addedAt: true,
} as const satisfies Record<keyof RevisionFacts, true>;

@Injectable()
export class RevisionRepository {
  constructor(private readonly transaction: Transaction) {}

  find(snapId: string, revision: number): Promise<SnapRevision | null> {
    return this.transaction.manager.findOneBy(SnapRevision, { snapId, revision });
  }

  /** Newest first. */
  factsOf(snapId: string): Promise<RevisionFacts[]> {
    return this.transaction.manager.find(SnapRevision, {
      select: FACTS,
      where: { snapId },
      order: { revision: 'DESC' },
    });
  }

  /** Of every snap, newest first. */
  allFacts(): Promise<RevisionFacts[]> {
    return this.transaction.manager.find(SnapRevision, {
      select: FACTS,
      order: { snapId: 'ASC', revision: 'DESC' },
    });
  }

  /** Every snap.yaml that is held, a page at a time, so that a large store is not read into memory at once. */
  async *snapYamls(pageSize = 200): AsyncGenerator<Pick<SnapRevision, 'snapId' | 'revision' | 'snapYaml'>> {
    let after: { snapId: string; revision: number } | null = { snapId: '', revision: 0 };
    while (after !== null) {
      const page: Pick<SnapRevision, 'snapId' | 'revision' | 'snapYaml'>[] = await this.transaction.manager
        .createQueryBuilder(SnapRevision, 'revision')
        .select(['revision.snapId', 'revision.revision', 'revision.snapYaml'])
        .where('(revision.snap_id, revision.revision) > (:snapId, :number)', {
          snapId: after.snapId,
          number: after.revision,
        })
        .orderBy('revision.snapId')
        .addOrderBy('revision.revision')
        .limit(pageSize)
        .getMany();
      yield* page;
      const last = page.at(-1);
      after = last !== undefined && page.length === pageSize ? last : null;
    }
  }

  /** The version of each snap's newest revision, by snap-id. */
  async newestVersions(): Promise<Map<string, string>> {
    const rows = await this.transaction.manager.query<{ snap_id: string; version: string }[]>(
      `SELECT DISTINCT ON (snap_id) snap_id, version FROM ${SCHEMA}.snap_revision ORDER BY snap_id, revision DESC`,
    );
    return new Map(rows.map(({ snap_id, version }) => [snap_id, version]));
  }

  /** The snap-ids of those of which more than one revision is held. */
  async snapsWithSeveral(): Promise<string[]> {
    const rows = await this.transaction.manager.query<{ snap_id: string }[]>(
      `SELECT snap_id FROM ${SCHEMA}.snap_revision GROUP BY snap_id HAVING count(*) > 1 ORDER BY snap_id`,
    );
    return rows.map(({ snap_id }) => snap_id);
  }

  /** Snaps, revisions, and the bytes of their files and their components', each file counted once. */
  async holdings(): Promise<{ snaps: number; revisions: number; sizeBytes: number }> {
    const [row] = await this.transaction.manager.query<{ snaps: string; revisions: string; size_bytes: string }[]>(
      `SELECT count(DISTINCT snap_id) AS snaps, count(*) AS revisions,
         (SELECT coalesce(sum(size_bytes), 0)
          FROM (SELECT sha3_384, size_bytes FROM ${SCHEMA}.snap_revision
                UNION SELECT sha3_384, size_bytes FROM ${SCHEMA}.component_revision) AS file) AS size_bytes
       FROM ${SCHEMA}.snap_revision`,
    );
    return { snaps: Number(row?.snaps), revisions: Number(row?.revisions), sizeBytes: Number(row?.size_bytes) };
  }

  async add(revision: NewRevision): Promise<void> {
    await this.transaction.manager.insert(SnapRevision, { ...revision, sizeBytes: String(revision.sizeBytes) });
  }

  async setIcon(snapId: string, revision: number, icon: SnapMedia): Promise<void> {
    await this.transaction.manager.update(SnapRevision, { snapId, revision }, { icon });
  }

  async remove(snapId: string, revision: number): Promise<void> {
    await this.transaction.manager.delete(SnapRevision, { snapId, revision });
  }
}
