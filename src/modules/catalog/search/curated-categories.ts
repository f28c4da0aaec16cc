import type { SnapMetadata } from '../snap-metadata.js';
import { FEATURED } from './find-question.js';

type Category = NonNullable<SnapMetadata['categories']>[number];

/** What the operator has said of a snap; null where that is nothing. */
export interface CuratorsWord {
  /** The place in the list of featured snaps; -1 where it is not in it; null where the operator keeps no list. */
  readonly featured: number | null;
  readonly categories: readonly string[] | null;
}

export interface CuratedCategories {
  /** As devices read them. */
  readonly categories: readonly Category[];
  /** Null where it is not featured; of those that only bundles recommend, all are in the same. */
  readonly featured: number | null;
}

/** The operator's word where there is one, else that of the bundle: of the categories and of being featured each by itself. */
export function curatedCategories(brought: readonly Category[], word: CuratorsWord): CuratedCategories {
  const isRecommended = brought.some((category) => category.featured || category.name === FEATURED);
  const featured = word.featured === null ? (isRecommended ? 0 : null) : word.featured === -1 ? null : word.featured;
  if (word.featured === null && word.categories === null) return { categories: brought, featured };
  const names = word.categories ?? brought.map(({ name }) => name).filter((name) => name !== FEATURED);
  return { categories: names.map((name) => ({ name, featured: featured !== null })), featured };
}
