import {
  ACCOUNT_ID,
  type BundlePublisher,
  CATEGORY_NAME,
  type Fields,
  FORBIDDEN_IN_TEXT,
  isHarmlessLink,
  METADATA_LIMITS,
  METADATA_WORD,
  USERNAME,
} from '../../../formats/bundle/index.js';
import type { StoreMedia, StoreSnapDetails } from './online-store.js';
import type { FileUrlRule } from './read-revision.js';

const ALL_FORBIDDEN = new RegExp(FORBIDDEN_IN_TEXT.source, 'gu');

/**
 * Reads how a store presents a snap. No trust rests on it, so that what does not fit is shortened or left out, and a snap is never
 * refused for its advertisement.
 */
export function readDetails(
  fields: Fields,
  identity: { readonly snapId: string; readonly name: string },
  mayComeFrom: FileUrlRule,
): StoreSnapDetails {
  return {
    ...identity,
    title: readText(fields.value('title'), METADATA_LIMITS.title),
    summary: readText(fields.value('summary'), METADATA_LIMITS.summary),
    description: readText(fields.value('description'), METADATA_LIMITS.description),
    license: readText(fields.value('license'), METADATA_LIMITS.license),
    links: readLinks(fields.value('links')),
    categories: readCategories(fields.value('categories')),
    website: readLink(fields.value('website')),
    contact: readLink(fields.value('contact')),
    storeUrl: readLink(fields.value('store-url')),
    private: fields.value('private') === true,
    publisher: readPublisher(fields.value('publisher')),
    media: readMedia(fields.value('media'), mayComeFrom),
  };
}

function readText(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string') return null;
  // Cut first: half a pair that the cut leaves is then removed with the other forbidden characters.
  const text = value.slice(0, maxLength).replace(ALL_FORBIDDEN, '');
  return text === '' ? null : text;
}

function readLink(value: unknown): string | null {
  const fits = typeof value === 'string' && value.length <= METADATA_LIMITS.link && isHarmlessLink(value);
  return fits && !FORBIDDEN_IN_TEXT.test(value) ? value : null;
}

function readLinks(value: unknown): Record<string, readonly string[]> {
  const kinds = Object.entries(objectOf(value))
    .filter(([kind]) => METADATA_WORD.test(kind))
    .map(([kind, urls]) => [kind, listOf(urls).map(readLink).filter(isThere)] as const)
    .filter(([, urls]) => urls.length > 0)
    .slice(0, METADATA_LIMITS.linkKinds);
  return Object.fromEntries(kinds.map(([kind, urls]) => [kind, urls.slice(0, METADATA_LIMITS.linksPerKind)]));
}

function readCategories(value: unknown): StoreSnapDetails['categories'] {
  return listOf(value)
    .map(objectOf)
    .flatMap(({ name, featured }) => {
      return typeof name === 'string' && CATEGORY_NAME.test(name) ? [{ name, featured: featured === true }] : [];
    })
    .slice(0, METADATA_LIMITS.categories);
}

function readPublisher(value: unknown): BundlePublisher | null {
  const { id, username, 'display-name': displayName, validation } = objectOf(value);
  if (typeof id !== 'string' || !ACCOUNT_ID.test(id) || typeof username !== 'string' || !USERNAME.test(username)) {
    return null;
  }
  const isWord = typeof validation === 'string' && METADATA_WORD.test(validation);
  return {
    id,
    username,
    displayName: readText(displayName, METADATA_LIMITS.displayName) ?? username,
    validation: isWord ? validation : 'unproven',
  };
}

function readMedia(value: unknown, mayComeFrom: FileUrlRule): StoreMedia[] {
  return listOf(value)
    .map(objectOf)
    .flatMap(({ type, url, width, height }) => {
      if (typeof type !== 'string' || !METADATA_WORD.test(type)) return [];
      if (typeof url !== 'string' || url.length > METADATA_LIMITS.link || !URL.canParse(url)) return [];
      return mayComeFrom(new URL(url)) ? [{ type, url, width: pixels(width), height: pixels(height) }] : [];
    })
    .slice(0, METADATA_LIMITS.media);
}

function pixels(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535 ? value : null;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isThere<T>(value: T | null): value is T {
  return value !== null;
}
