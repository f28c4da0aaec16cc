import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { Release } from '../entities/release.entity.js';
import { SnapRevision } from '../entities/snap-revision.entity.js';
import { Snap } from '../entities/snap.entity.js';
import type { RevisionFacts } from '../repositories/revision.repository.js';
import { FEATURED, type FindQuestion } from './find-question.js';
import type { FoundSnap } from './found-snap.js';
import { Parameters } from './parameters.js';
import type { SearchRow } from './search-row.js';
import type { SnapSearch } from './snap-search.entity.js';

/** Raised when rows are made otherwise: then those of older programs are made anew. */
const ROWS_MADE_BY = 1;
/** Any number that nothing else in the database locks on: "snap" in ASCII, and 2 for the search. */
const CATCH_UP_LOCK = [0x736e6170, 2] as const;
/** So many are compared of those that are called so or nearly so, that have it in their heading, that mention it somewhere. */
const MAX_NAMED = 300;
const MAX_HEADED = 500;
const MAX_MENTIONED = 300;
/** From the last to the first: of nothing, of the summary, of apps and publisher, of name and title. */
const WEIGHTS = '{0, 0.2, 0.4, 1.0}';

/** Every word, or any of them. */
export type Match = 'every' | 'any';

/** A snap as the catalogue lists it. */
export type CataloguedSnap = Pick<SnapSearch, 'snapId' | 'name' | 'offers' | 'commands'> & {
  readonly title: string | null;
  readonly summary: string | null;
};

/** What rows are made from, of several snaps at once. */
export interface SearchSources {
  readonly snaps: readonly Snap[];
  /** Newest first. */
  readonly facts: readonly RevisionFacts[];
  readonly releases: readonly Release[];
  /** Of the newest revision of each. */
  readonly snapYamls: ReadonlyMap<string, string>;
}

@Injectable()
export class SearchRepository {
  constructor(private readonly transaction: Transaction) {}

  /**
   * The snaps that answer a question, best first: what is called exactly so, what is called so but for spaces and dashes, whose
   * name begins so; then by where the words are, and how alike the names are.
   * @param trigrams the schema that has pg_trgm, for which typing errors are no hindrance; null without it
   */
  async find(question: FindQuestion, match: Match, trigrams: string | null, limit: number): Promise<string[]> {
    const p = new Parameters();
    const filter = filterOf(question, p);
    const sql =
      question.words.length === 0
        ? listSql(question, filter, p, limit)
        : textSql(question.words, { filter, match, trigrams, limit }, p);
    const rows = await this.transaction.manager.query<{ snap_id: string }[]>(sql, p.values);
    // One that several branches have comes once for each; the first is the best.
    return [...new Set(rows.map(({ snap_id }) => snap_id))];
  }

  found(snapIds: readonly string[]): Promise<FoundSnap[]> {
    return this.transaction.manager.query<FoundSnap[]>(
      `SELECT snap_id AS "snapId", name, words, offers FROM ${SCHEMA}.snap_search WHERE snap_id = ANY($1)`,
      [[...snapIds]],
    );
  }

  /** All that is to be had, by name. */
  catalogue(): Promise<CataloguedSnap[]> {
    return this.transaction.manager.query<CataloguedSnap[]>(
      `SELECT snap_id AS "snapId", name, offers, commands, words->>'title' AS title, words->>'summary' AS summary
       FROM ${SCHEMA}.snap_search WHERE architectures <> '{}' ORDER BY name COLLATE "C"`,
    );
  }

  /** Every category that something to be had is in, by name. */
  async categories(): Promise<string[]> {
    const rows = await this.transaction.manager.query<{ category: string }[]>(
      `SELECT DISTINCT unnest(categories) COLLATE "C" AS category
       FROM ${SCHEMA}.snap_search WHERE architectures <> '{}' ORDER BY 1`,
    );
    return rows.map(({ category }) => category);
  }

  /** The ids of what is featured, in its order. */
  async featured(): Promise<string[]> {
    const rows = await this.transaction.manager.query<{ snap_id: string }[]>(
      `SELECT snap_id FROM ${SCHEMA}.snap_search WHERE featured IS NOT NULL ORDER BY featured, name COLLATE "C"`,
    );
    return rows.map(({ snap_id }) => snap_id);
  }

  /** Those whose row is missing or was made by an older program, some of them. */
  async outdated(limit: number): Promise<string[]> {
    const rows = await this.transaction.manager.query<{ snap_id: string }[]>(
      `SELECT snap.snap_id FROM ${SCHEMA}.snap LEFT JOIN ${SCHEMA}.snap_search search USING (snap_id)
       WHERE search.made_by IS DISTINCT FROM $1 ORDER BY snap.snap_id LIMIT $2`,
      [ROWS_MADE_BY, limit],
    );
    return rows.map(({ snap_id }) => snap_id);
  }

  async idsOfPublishers(accountIds: readonly string[]): Promise<string[]> {
    const snaps = await this.transaction.manager.find(Snap, {
      select: { snapId: true },
      where: { publisherId: In([...accountIds]) },
    });
    return snaps.map(({ snapId }) => snapId);
  }

  /** Whether the surrounding transaction is now the only one that makes rows for what has none. */
  async mayCatchUp(): Promise<boolean> {
    const [row] = await this.transaction.manager.query<{ locked: boolean }[]>(
      'SELECT pg_try_advisory_xact_lock($1, $2) AS locked',
      [...CATCH_UP_LOCK],
    );
    return row?.locked === true;
  }

  /** Keeps the snaps from changing until the surrounding transaction ends, so that what is made from them stays true. */
  async sources(snapIds: readonly string[]): Promise<SearchSources> {
    const { manager } = this.transaction;
    const where = { snapId: In([...snapIds]) };
    const snaps = await manager.find(Snap, { where, order: { snapId: 'ASC' }, lock: { mode: 'pessimistic_write' } });
    const facts = await manager
      .createQueryBuilder(SnapRevision, 'revision')
      .where(where)
      .orderBy('revision.snapId')
      .addOrderBy('revision.revision', 'DESC')
      .select(REVISION_COLUMNS.map((column) => `revision.${column}`))
      .getMany();
    const releases = await manager
      .createQueryBuilder(Release, 'release')
      .where(where)
      .distinctOn(['release.snapId', 'release.architecture', 'release.channel'])
      .orderBy('release.snapId')
      .addOrderBy('release.architecture')
      .addOrderBy('release.channel')
      .addOrderBy('release.id', 'DESC')
      .getMany();
    const yamls = await manager.query<{ snap_id: string; snap_yaml: string }[]>(
      `SELECT DISTINCT ON (snap_id) snap_id, snap_yaml FROM ${SCHEMA}.snap_revision
       WHERE snap_id = ANY($1) ORDER BY snap_id, revision DESC`,
      [[...snapIds]],
    );
    return { snaps, facts, releases, snapYamls: new Map(yamls.map(({ snap_id, snap_yaml }) => [snap_id, snap_yaml])) };
  }

  async write(rows: readonly SearchRow[]): Promise<void> {
    await this.transaction.manager.query(
      `INSERT INTO ${SCHEMA}.snap_search (${ROW_COLUMNS.join(', ')}, heading, document, made_by)
       SELECT ${ROW_COLUMNS.join(', ')},
         heading, heading || to_tsvector('pg_catalog.english', text_d), $2
       FROM jsonb_to_recordset($1::jsonb) AS row (
         snap_id char(32), name text, keys text[], names text, text_a text, text_b text, text_c text, text_d text,
         architectures text[], confinements text[], categories text[], featured integer, common_ids text[],
         words jsonb, offers jsonb, commands jsonb)
       CROSS JOIN LATERAL (SELECT
         setweight(to_tsvector('pg_catalog.simple', text_a) || to_tsvector('pg_catalog.english', text_a), 'A') ||
         setweight(to_tsvector('pg_catalog.simple', text_b), 'B') ||
         setweight(to_tsvector('pg_catalog.english', text_c), 'C') AS heading) AS made
       ON CONFLICT (snap_id) DO UPDATE SET
         ${[...ROW_COLUMNS, 'heading', 'document', 'made_by'].map((column) => `${column} = excluded.${column}`).join(', ')}`,
      [JSON.stringify(rows, storable), ROWS_MADE_BY],
    );
  }
}

const ROW_COLUMNS = [
  'snap_id',
  'name',
  'keys',
  'names',
  'architectures',
  'confinements',
  'categories',
  'featured',
  'common_ids',
  'words',
  'offers',
  'commands',
] as const satisfies readonly (keyof SearchRow)[];

const REVISION_COLUMNS = [
  'snapId',
  'revision',
  'version',
  'type',
  'base',
  'confinement',
  'architectures',
  'epoch',
  'commonIds',
  'sizeBytes',
  'createdAt',
  'icon',
] as const satisfies readonly (keyof RevisionFacts)[];

/** A NUL and halves of characters, which YAML can write, are what PostgreSQL keeps in no JSON. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\0\p{Cs}]/gu, '') : value;
}

function filterOf({ architecture, confinements, category, commonId, prefix }: FindQuestion, p: Parameters): string {
  const conditions = [
    architecture === null
      ? `search.architectures <> '{}'`
      : `search.architectures && ${p.add([architecture, 'all'])}::text[]`,
  ];
  if (confinements !== null) conditions.push(`search.confinements && ${p.add([...confinements])}::text[]`);
  if (category !== null) conditions.push(`${p.add(category)} = ANY(search.categories)`);
  if (commonId !== null) conditions.push(`${p.add(commonId)} = ANY(search.common_ids)`);
  if (prefix !== null) conditions.push(`search.name LIKE ${p.add(`${prefix}%`)}`);
  return conditions.join(' AND ');
}

function listSql({ category, prefix }: FindQuestion, filter: string, p: Parameters, limit: number): string {
  const order = [
    ...(prefix === null ? [] : [`search.name <> ${p.add(prefix)}`]),
    ...(category === FEATURED || prefix === null ? ['search.featured NULLS LAST'] : []),
    'search.name COLLATE "C"',
  ];
  return `SELECT search.snap_id FROM ${SCHEMA}.snap_search search WHERE ${filter} ORDER BY ${order.join(', ')} LIMIT ${limit}`;
}

interface TextSearch {
  readonly filter: string;
  readonly match: Match;
  readonly trigrams: string | null;
  readonly limit: number;
}

/**
 * Each branch looks into one index and has a limit of its own, so that a word that is nearly everywhere costs no more than others, and
 * what is called so is never crowded out by what only mentions it.
 */
function textSql(words: readonly string[], { filter, match, trigrams, limit }: TextSearch, p: Parameters): string {
  const name = p.add(words.join('-'));
  const beginning = p.add(`${words.join('-')}%`);
  const key = p.add(words.join(''));
  // A parameter that nothing refers to has no type, and is refused.
  const text = trigrams === null ? '' : p.add(words.join(' '));
  const query = querySql(words, match, p);
  const likeness = trigrams === null ? '0' : `${trigrams}.word_similarity(${text}, search.names)`;
  const isNamed = [`search.name LIKE ${beginning}`, `search.keys @> ARRAY[${key}]::text[]`];
  if (trigrams !== null) isNamed.push(`${text} OPERATOR(${trigrams}.<%) search.names`);
  const branch = (condition: string, alike: string, most: number): string =>
    `(SELECT search.snap_id, search.name, search.name <> ${name} AS is_another, NOT ${key} = ANY(search.keys) AS is_called_otherwise,
        search.name NOT LIKE ${beginning} AS begins_otherwise,
        ts_rank('${WEIGHTS}', search.heading, ${query}) + 0.3 * ${alike} AS weight
      FROM ${SCHEMA}.snap_search search WHERE ${condition} AND ${filter} LIMIT ${most})`;
  const branches = [
    ...isNamed.map((condition) => branch(condition, likeness, MAX_NAMED)),
    branch(`search.heading @@ ${query}`, '0', MAX_HEADED),
    branch(`search.document @@ ${query}`, '0', MAX_MENTIONED),
  ];
  return `SELECT snap_id FROM (${branches.join(' UNION ALL ')}) AS found
    ORDER BY is_another, is_called_otherwise, begins_otherwise, weight DESC, length(name), name COLLATE "C" LIMIT ${limit}`;
}

/**
 * Each word as it was typed, perhaps not to its end, or in another form of it. Words that say nothing ("the") count only where
 * there are no others.
 */
function querySql(words: readonly string[], match: Match, p: Parameters): string {
  const operator = match === 'every' ? ' && ' : ' || ';
  const parts = words.map((word) => {
    const beginning = `to_tsquery('pg_catalog.simple', ${p.add(`${word}:*`)})`;
    const stem = `to_tsquery('pg_catalog.english', ${p.add(word)})`;
    return { beginning, both: `CASE WHEN numnode(${stem}) = 0 THEN ''::tsquery ELSE ${beginning} || ${stem} END` };
  });
  const meaningful = `(${parts.map(({ both }) => `(${both})`).join(operator)})`;
  const whatever = `(${parts.map(({ beginning }) => beginning).join(operator)})`;
  return `CASE WHEN numnode(${meaningful}) = 0 THEN ${whatever} ELSE ${meaningful} END`;
}
