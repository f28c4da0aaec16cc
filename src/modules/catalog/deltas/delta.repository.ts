import { Injectable } from '@nestjs/common';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { DeltaShelf } from './delta-shelf.js';
import { SnapDelta } from './snap-delta.entity.js';

/** What is decided about a delta. */
export type DeltaDecision = Pick<
  SnapDelta,
  'snapId' | 'sourceRevision' | 'targetRevision' | 'state' | 'sha3_384' | 'reason' | 'isByHand'
> & { readonly sizeBytes: number | null };

/** Names a delta of a snap. */
export type DeltaKey = Pick<SnapDelta, 'sourceRevision' | 'targetRevision'>;

@Injectable()
export class DeltaRepository {
  constructor(private readonly transaction: Transaction) {}

  find(snapId: string, { sourceRevision, targetRevision }: DeltaKey): Promise<SnapDelta | null> {
    return this.transaction.manager.findOneBy(SnapDelta, { snapId, sourceRevision, targetRevision });
  }

  /** Of one snap, the newest target first, in each the nearest source first. */
  of(snapId: string): Promise<SnapDelta[]> {
    return this.transaction.manager.find(SnapDelta, {
      where: { snapId },
      order: { targetRevision: 'DESC', sourceRevision: 'DESC' },
    });
  }

  /** As `of`, of every snap. */
  all(): Promise<SnapDelta[]> {
    return this.transaction.manager.find(SnapDelta, {
      order: { snapId: 'ASC', targetRevision: 'DESC', sourceRevision: 'DESC' },
    });
  }

  /** What devices are told of; null where there is none, as of nearly every snap. */
  async shelf(snapId: string): Promise<DeltaShelf | null> {
    const rows = await this.transaction.manager.query<
      { source: number; target: number; sha3_384: string; size: string }[]
    >(
      `SELECT source_revision AS source, target_revision AS target, sha3_384, size_bytes AS size
       FROM ${SCHEMA}.snap_delta WHERE snap_id = $1 AND state = 'made'`,
      [snapId],
    );
    if (rows.length === 0) return null;
    return new DeltaShelf(
      rows.map(({ source, target, sha3_384, size }) => {
        return { sourceRevision: source, targetRevision: target, sha3_384, sizeBytes: Number(size) };
      }),
    );
  }

  /** Takes the place of what was decided before. */
  async put(decision: DeltaDecision): Promise<void> {
    const { sizeBytes, ...fields } = decision;
    await this.transaction.manager
      .createQueryBuilder()
      .insert()
      .into(SnapDelta)
      .values({
        ...fields,
        sizeBytes: sizeBytes === null ? null : String(sizeBytes),
        decidedAt: () => 'now()',
      })
      .orUpdate(
        ['state', 'sha3_384', 'size_bytes', 'reason', 'is_by_hand', 'decided_at'],
        ['snap_id', 'source_revision', 'target_revision'],
      )
      .execute();
  }

  async remove(snapId: string, { sourceRevision, targetRevision }: DeltaKey): Promise<void> {
    await this.transaction.manager.delete(SnapDelta, { snapId, sourceRevision, targetRevision });
  }
}
