import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';

import { SCHEMA } from '../../../platform/database/data-source.js';
import { Transaction } from '../../../platform/database/transaction.js';
import type { CuratorsWord } from './curated-categories.js';
import { FeaturedList } from './featured-list.entity.js';
import { SnapCategories } from './snap-categories.entity.js';

const ONLY = 1;

/** What the operator has said of snaps. */
@Injectable()
export class CurationRepository {
  constructor(private readonly transaction: Transaction) {}

  /** The list of featured snaps; null where the operator keeps none. */
  async featured(): Promise<readonly string[] | null> {
    const list = await this.transaction.manager.findOneBy(FeaturedList, { id: ONLY });
    return list?.snapIds ?? null;
  }

  /** Lets one at a time decide about the list, until the surrounding transaction ends. */
  async lockFeatured(): Promise<void> {
    await this.transaction.manager.query(`LOCK TABLE ${SCHEMA}.featured_list IN SHARE ROW EXCLUSIVE MODE`);
  }

  async putFeatured(snapIds: readonly string[]): Promise<void> {
    const row = { id: ONLY, snapIds: [...snapIds], changedAt: () => 'now()' };
    await this.transaction.manager.upsert(FeaturedList, row, ['id']);
  }

  async dropFeatured(): Promise<void> {
    await this.transaction.manager.delete(FeaturedList, { id: ONLY });
  }

  /** By snap-id. */
  async categories(snapIds: readonly string[]): Promise<Map<string, readonly string[]>> {
    const rows = await this.transaction.manager.findBy(SnapCategories, { snapId: In([...snapIds]) });
    return new Map(rows.map(({ snapId, categories }) => [snapId, categories]));
  }

  async putCategories(snapId: string, categories: readonly string[]): Promise<void> {
    const row = { snapId, categories: [...categories], changedAt: () => 'now()' };
    await this.transaction.manager.upsert(SnapCategories, row, ['snapId']);
  }

  async dropCategories(snapId: string): Promise<void> {
    await this.transaction.manager.delete(SnapCategories, { snapId });
  }

  /** What the operator has said of each of these snaps. */
  async words(snapIds: readonly string[]): Promise<(snapId: string) => CuratorsWord> {
    const featured = await this.featured();
    const categories = await this.categories(snapIds);
    const places = featured === null ? null : new Map(featured.map((snapId, place) => [snapId, place]));
    return (snapId) => ({
      featured: places === null ? null : (places.get(snapId) ?? -1),
      categories: categories.get(snapId) ?? null,
    });
  }
}
