import { Injectable } from '@nestjs/common';

import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { SnapNotHeldError } from '../catalog.errors.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import type { Snap } from '../entities/snap.entity.js';
import { SnapRepository } from '../repositories/snap.repository.js';
import { curatedCategories } from './curated-categories.js';
import { CurationRepository } from './curation.repository.js';
import { FEATURED } from './find-question.js';
import { InvalidCategoryError, TooManyFeaturedError } from './search.errors.js';
import { SearchRepository } from './search.repository.js';

/** More than this recommends nothing; an answer to a device has no more results either. */
const MAX_FEATURED = 100;
const MAX_CATEGORIES = 20;
const CATEGORY = /^(?=.{1,40}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

export interface FeaturedSnaps {
  /** Whose list it is: without one of the operator's, what bundles say. */
  readonly by: 'operator' | 'bundles';
  readonly snaps: readonly { readonly name: string; readonly title: string }[];
}

export interface CategorizedSnap {
  readonly name: string;
  /** Without being featured, which has a list of its own. */
  readonly categories: readonly string[];
  readonly by: 'operator' | 'bundle';
}

/** What the operator says of snaps for those who look for some. It counts before what a bundle brought. Devices see it once a call resolves. */
@Injectable()
export class CurationService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly curation: CurationRepository,
    private readonly rows: SearchRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /** What `snap find` shows to whoever looks for nothing, in its order. */
  async featured(): Promise<FeaturedSnaps> {
    const list = await this.curation.featured();
    const snapIds = list ?? (await this.rows.featured());
    const held = new Map((await this.snaps.byIds(snapIds)).map((snap) => [snap.snapId, snap]));
    return {
      by: list === null ? 'bundles' : 'operator',
      snaps: snapIds.flatMap((snapId) => {
        const snap = held.get(snapId);
        return snap === undefined ? [] : [{ name: snap.name, title: snap.metadata.title ?? snap.name }];
      }),
    };
  }

  /** Makes these the featured ones, in this order, and no others. @throws SnapNotHeldError, TooManyFeaturedError */
  setFeatured(names: readonly string[]): Promise<FeaturedSnaps> {
    return this.changeFeatured(async () => this.idsOf(names));
  }

  /** Puts them at the end, or leaves them where they are. @throws SnapNotHeldError, TooManyFeaturedError */
  addFeatured(names: readonly string[]): Promise<FeaturedSnaps> {
    return this.changeFeatured(async (before) => [...new Set([...before, ...(await this.idsOf(names))])]);
  }

  /** @throws SnapNotHeldError */
  removeFeatured(names: readonly string[]): Promise<FeaturedSnaps> {
    return this.changeFeatured(async (before) => {
      const going = new Set(await this.idsOf(names));
      return before.filter((snapId) => !going.has(snapId));
    });
  }

  /** Leaves it to what bundles say again. */
  async clearFeatured(): Promise<FeaturedSnaps> {
    await this.transaction.run(async () => {
      await this.curation.lockFeatured();
      if ((await this.curation.featured()) === null) return;
      await this.curation.dropFeatured();
      // Whatever any bundle recommends comes in again.
      await this.announce((await this.snaps.all()).filter(isRecommended).map(({ snapId }) => snapId));
      await this.announce(await this.rows.featured());
    });
    return this.featured();
  }

  /** Every snap that is in a category, by name. */
  async categories(): Promise<CategorizedSnap[]> {
    const snaps = await this.snaps.all();
    const own = await this.curation.categories(snaps.map(({ snapId }) => snapId));
    return snaps
      .map((snap) => categorized(snap, own.get(snap.snapId) ?? null))
      .filter(({ categories }) => categories.length > 0);
  }

  /** Puts a snap in these categories and no others. @throws SnapNotHeldError, InvalidCategoryError */
  setCategories(name: string, categories: readonly string[]): Promise<CategorizedSnap> {
    const wanted = [...new Set(categories)];
    for (const category of wanted) {
      if (category === FEATURED) throw new InvalidCategoryError(category, 'has a list of its own');
      if (!CATEGORY.test(category))
        throw new InvalidCategoryError(category, 'is not of small letters, digits and single dashes');
    }
    if (wanted.length > MAX_CATEGORIES) throw new InvalidCategoryError(name, `is in more than ${MAX_CATEGORIES}`);
    return this.changeCategories(name, (snapId) => this.curation.putCategories(snapId, wanted));
  }

  /** Leaves it to what bundles say again. @throws SnapNotHeldError */
  clearCategories(name: string): Promise<CategorizedSnap> {
    return this.changeCategories(name, (snapId) => this.curation.dropCategories(snapId));
  }

  private changeCategories(name: string, change: (snapId: string) => Promise<void>): Promise<CategorizedSnap> {
    return this.transaction.run(async () => {
      const snap = await this.snaps.byName(name);
      if (snap === null) throw new SnapNotHeldError(name);
      await change(snap.snapId);
      await this.announce([snap.snapId]);
      return categorized(snap, (await this.curation.categories([snap.snapId])).get(snap.snapId) ?? null);
    });
  }

  private async changeFeatured(
    change: (before: readonly string[]) => Promise<readonly string[]>,
  ): Promise<FeaturedSnaps> {
    await this.transaction.run(async () => {
      await this.curation.lockFeatured();
      const before = (await this.curation.featured()) ?? (await this.rows.featured());
      const held = new Set((await this.snaps.byIds(before)).map(({ snapId }) => snapId));
      const after = await change(before.filter((snapId) => held.has(snapId)));
      if (after.length > MAX_FEATURED) throw new TooManyFeaturedError(after.length, MAX_FEATURED);
      await this.curation.putFeatured(after);
      await this.announce([...new Set([...before, ...after])]);
    });
    return this.featured();
  }

  /** @throws SnapNotHeldError for the first that is not */
  private async idsOf(names: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const name of new Set(names)) {
      const snap = await this.snaps.byName(name);
      if (snap === null) throw new SnapNotHeldError(name);
      ids.push(snap.snapId);
    }
    return ids;
  }

  private async announce(snapIds: readonly string[]): Promise<void> {
    if (snapIds.length > 0) await this.changes.announce(CATALOG_TOPIC, snapIds);
  }
}

function isRecommended({ metadata }: Snap): boolean {
  return curatedCategories(metadata.categories ?? [], { featured: null, categories: null }).featured !== null;
}

function categorized({ name, metadata }: Snap, own: readonly string[] | null): CategorizedSnap {
  const { categories } = curatedCategories(metadata.categories ?? [], { featured: null, categories: own });
  const names = categories.map((category) => category.name).filter((category) => category !== FEATURED);
  return { name, categories: names, by: own === null ? 'bundle' : 'operator' };
}
