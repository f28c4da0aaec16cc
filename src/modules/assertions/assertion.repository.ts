import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import {
  type Assertion,
  type AssertionRef,
  type AssertionType,
  decodeAssertion,
} from '../../formats/assertion/index.js';
import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { AssertionRow } from './assertion.entity.js';

/** The topic of the change feed that carries the ids of assertions that were added or replaced. */
export const ASSERTIONS_TOPIC = 'assertions';

export interface AssertionFilter {
  readonly type?: string;
  /** Each of these headers has this text. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AssertionPage {
  readonly assertions: readonly Assertion[];
  /** Where the next page starts, or null where there is none. */
  readonly next: string | null;
}

/** The assertions that this store keeps. Everything in it was verified when it came in. */
@Injectable()
export class AssertionRepository {
  constructor(
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /** The newest revision in the highest format up to this one. */
  async find(ref: AssertionRef, maxFormat: number): Promise<Assertion | null> {
    const row = await this.manager
      .createQueryBuilder(AssertionRow, 'assertion')
      .where('assertion.type = :type AND assertion.primaryKey = :key', { type: ref.type.name, key: ref.primaryKey })
      .andWhere('assertion.format <= :maxFormat', { maxFormat })
      .orderBy('assertion.revision', 'DESC')
      .addOrderBy('assertion.format', 'DESC')
      .limit(1)
      .getOne();
    return row === null ? null : toAssertion(row);
  }

  /** As `find`, of several of one type; in no order, and without those that are not held. */
  async findAll(type: AssertionType, keys: readonly (readonly string[])[], maxFormat: number): Promise<Assertion[]> {
    const { tablePath } = this.manager.dataSource.getMetadata(AssertionRow);
    const rows = await this.manager.query<{ encoded: Buffer }[]>(
      `SELECT DISTINCT ON (held.primary_key) held.encoded
       FROM (SELECT ARRAY(SELECT jsonb_array_elements_text(key)) AS key FROM jsonb_array_elements($2::jsonb) key) wanted
       JOIN ${tablePath} held ON held.type = $1 AND held.primary_key = wanted.key
       WHERE held.format <= $3 ORDER BY held.primary_key, held.revision DESC, held.format DESC`,
      [type.name, JSON.stringify(keys), maxFormat],
    );
    return rows.map(({ encoded }) => decodeAssertion(encoded));
  }

  /** The highest in the sequence in a format up to this one, in its newest revision. */
  async latest(type: AssertionType, sequenceKey: readonly string[], maxFormat: number): Promise<Assertion | null> {
    const row = await this.manager
      .createQueryBuilder(AssertionRow, 'assertion')
      .where('assertion.type = :type AND assertion.format <= :maxFormat', { type: type.name, maxFormat })
      .andWhere(`(assertion.primaryKey)[1:${sequenceKey.length}] = :sequenceKey`, { sequenceKey })
      .andWhere('assertion.sequence IS NOT NULL')
      .orderBy('assertion.sequence', 'DESC')
      .addOrderBy('assertion.revision', 'DESC')
      .addOrderBy('assertion.format', 'DESC')
      .limit(1)
      .getOne();
    return row === null ? null : toAssertion(row);
  }

  /** In the order in which they came, the oldest first. */
  async page(filter: AssertionFilter, after: string | null, limit: number): Promise<AssertionPage> {
    const query = this.manager
      .createQueryBuilder(AssertionRow, 'assertion')
      .where('assertion.id > :after', { after: after ?? '0' })
      .orderBy('assertion.id')
      .limit(limit + 1);
    if (filter.type !== undefined) query.andWhere('assertion.type = :type', { type: filter.type });
    if (filter.headers !== undefined) {
      query.andWhere('assertion.headers @> CAST(:headers AS jsonb)', { headers: JSON.stringify(filter.headers) });
    }
    const rows = await query.getMany();
    const kept = rows.slice(0, limit);
    return { assertions: kept.map(toAssertion), next: rows.length > limit ? (kept.at(-1)?.id ?? null) : null };
  }

  /** The held one in the same format, kept from changing until the transaction ends. */
  async lock(assertion: Assertion): Promise<Assertion | null> {
    const { ref, format } = assertion;
    const row = await this.manager
      .createQueryBuilder(AssertionRow, 'assertion')
      .setLock('pessimistic_write')
      .where('assertion.type = :type AND assertion.primaryKey = :key', { type: ref.type.name, key: ref.primaryKey })
      .andWhere('assertion.format = :format', { format })
      .getOne();
    return row === null ? null : toAssertion(row);
  }

  /** Adds it, or puts it in the place of an older revision; never of a newer one, whoever wrote that meanwhile. */
  async put(assertion: Assertion): Promise<void> {
    const { type, primaryKey, sequence, revision, format, authorityId, signKeyId, headers, encoded } = assertion;
    const values = [
      type.name,
      primaryKey,
      sequence,
      revision,
      format,
      authorityId,
      signKeyId,
      JSON.stringify(headers),
      encoded,
    ];
    const { tablePath } = this.manager.dataSource.getMetadata(AssertionRow);
    const table = tablePath
      .split('.')
      .map((part) => `"${part}"`)
      .join('.');
    await this.manager.query(
      `INSERT INTO ${table} AS held
         (type, primary_key, sequence, revision, format, authority_id, sign_key, headers, encoded)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (type, primary_key, format) DO UPDATE SET
         sequence = excluded.sequence, revision = excluded.revision, authority_id = excluded.authority_id,
         sign_key = excluded.sign_key, headers = excluded.headers, encoded = excluded.encoded, added_at = now()
       WHERE held.revision < excluded.revision`,
      values,
    );
  }

  /** Tells all processes of the store what was put, when the transaction commits. */
  async announce(refs: readonly AssertionRef[]): Promise<void> {
    if (refs.length > 0) await this.changes.announce(ASSERTIONS_TOPIC, [...new Set(refs.map((ref) => ref.id))]);
  }

  /** How many there are of each type. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.manager
      .createQueryBuilder(AssertionRow, 'assertion')
      .select('assertion.type', 'type')
      .addSelect('count(*)', 'count')
      .groupBy('assertion.type')
      .orderBy('assertion.type')
      .getRawMany<{ type: string; count: string }>();
    return new Map(rows.map(({ type, count }) => [type, Number(count)]));
  }

  private get manager(): EntityManager {
    return this.transaction.manager;
  }
}

function toAssertion(row: AssertionRow): Assertion {
  return decodeAssertion(row.encoded);
}
