import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

import { type Assertion, assertionType } from '../../../formats/assertion/index.js';
import { messageOf } from '../../../kernel/store-error.js';
import { type Change, ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { LoggerFactory, type Logger } from '../../../platform/logging/logger.js';
import { ASSERTIONS_TOPIC, AssertionService } from '../../assertions/index.js';
import { bySnap } from '../by-snap.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import { CurationRepository } from './curation.repository.js';
import { searchRow } from './search-row.js';
import { SearchRepository } from './search.repository.js';
import { TrigramsRepository } from './trigrams.repository.js';

/** Announced when rows were made without anything else having changed. */
export const SEARCH_TOPIC = 'search';

const BATCH = 200;

/** What a transaction has touched so far. */
interface Touched {
  readonly snapIds: Set<string>;
  readonly accountIds: Set<string>;
}

/**
 * Keeps the search true: whatever changes a snap, its channels, its publisher or its declaration announces that, and at the end of the
 * same transaction the snap's row is made anew.
 */
@Injectable()
export class SearchIndexer implements BeforeApplicationShutdown {
  private readonly touched = new WeakMap<EntityManager, Touched>();
  private readonly log: Logger;
  private catchingUp: Promise<void> | null = null;
  private isClosing = false;

  constructor(
    private readonly rows: SearchRepository,
    private readonly curation: CurationRepository,
    private readonly trigrams: TrigramsRepository,
    private readonly assertions: AssertionService,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('search');
    changes.accompany((change) => this.note(change));
  }

  /** Makes the rows that a database of an older program lacks, without keeping anybody waiting. */
  startCatchingUp(): void {
    this.catchingUp ??= this.catchUp().then(
      (count) => {
        if (count > 0) this.log.info({ snaps: count }, 'made what is held findable');
      },
      (error: unknown) => {
        if (!this.isClosing) this.log.error({ reason: messageOf(error) }, 'the search could not be brought up to date');
      },
    );
  }

  /** @returns of how many snaps a row was missing or outdated, and is there now; another process may be making others */
  async catchUp(): Promise<number> {
    let count = 0;
    for (let made = BATCH; made === BATCH && !this.isClosing; count += made) made = await this.makeSome();
    return count;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    await this.catchingUp;
  }

  private makeSome(): Promise<number> {
    return this.transaction.run(async () => {
      if (!(await this.rows.mayCatchUp())) return 0;
      await this.trigrams.ensureIndex();
      const snapIds = await this.rows.outdated(BATCH);
      await this.index(snapIds);
      if (snapIds.length > 0) await this.changes.announce(SEARCH_TOPIC, []);
      return snapIds.length;
    });
  }

  /** Whoever changes snaps says which. */
  private async note({ topic, keys }: Change): Promise<void> {
    const snapIds = topic === CATALOG_TOPIC ? keys : topic === ASSERTIONS_TOPIC ? keys.flatMap(declaredSnap) : [];
    const accountIds = topic === ASSERTIONS_TOPIC ? keys.flatMap(account) : [];
    if (snapIds.length === 0 && accountIds.length === 0) return;
    const { manager } = this.transaction;
    const known = this.touched.get(manager);
    const touched = known ?? { snapIds: new Set<string>(), accountIds: new Set<string>() };
    for (const snapId of snapIds) touched.snapIds.add(snapId);
    for (const accountId of accountIds) touched.accountIds.add(accountId);
    if (known !== undefined) return;
    this.touched.set(manager, touched);
    await this.transaction.beforeCommit(async () => {
      this.touched.delete(manager);
      await this.transaction.run(() => this.indexTouched(touched));
    });
  }

  private async indexTouched({ snapIds, accountIds }: Touched): Promise<void> {
    const published = accountIds.size === 0 ? [] : await this.rows.idsOfPublishers([...accountIds]);
    const all = [...new Set([...snapIds, ...published])].sort();
    for (let start = 0; start < all.length; start += BATCH) await this.index(all.slice(start, start + BATCH));
  }

  private async index(snapIds: readonly string[]): Promise<void> {
    const { snaps, facts, releases, snapYamls } = await this.rows.sources(snapIds);
    if (snaps.length === 0) return;
    const publisherIds = [...new Set(snaps.map(({ publisherId }) => publisherId))];
    const accounts = await this.assertions.findAll(
      assertionType('account'),
      publisherIds.map((id) => [id]),
    );
    const declarations = await this.assertions.findAll(
      assertionType('snap-declaration'),
      snaps.map(({ snapId }) => ['16', snapId]),
    );
    const accountOf = by(accounts, 'account-id');
    const declarationOf = by(declarations, 'snap-id');
    const wordOf = await this.curation.words(snapIds);
    const [factsOf, releasesOf] = [bySnap(facts), bySnap(releases)];
    await this.rows.write(
      snaps.map((snap) =>
        searchRow({
          snap,
          facts: factsOf.get(snap.snapId) ?? [],
          releases: releasesOf.get(snap.snapId) ?? [],
          snapYaml: snapYamls.get(snap.snapId) ?? '',
          account: accountOf.get(snap.publisherId) ?? null,
          declaration: declarationOf.get(snap.snapId) ?? null,
          word: wordOf(snap.snapId),
        }),
      ),
    );
  }
}

function by(assertions: readonly Assertion[], header: string): ReadonlyMap<string, Assertion> {
  return new Map(assertions.map((assertion) => [assertion.text(header), assertion]));
}

function declaredSnap(assertionId: string): string[] {
  const [type, , snapId] = assertionId.split('/');
  return type === 'snap-declaration' && snapId !== undefined ? [snapId] : [];
}

function account(assertionId: string): string[] {
  const [type, accountId] = assertionId.split('/');
  return type === 'account' && accountId !== undefined ? [accountId] : [];
}
