import type { Fields } from './fields.js';
import type { BundlePublisher, BundleSnapMetadata } from './manifest.js';
import {
  ACCOUNT_ID,
  CATEGORY_NAME,
  isHarmlessLink,
  METADATA_LIMITS,
  METADATA_WORD as WORD,
  USERNAME,
} from './metadata-rules.js';
import { readDigest } from './vocabulary.js';

/**
 * Reads a snap's store metadata. Its texts end up on devices' terminals and in browsers: links are held to schemes that
 * run nothing, lengths to what the online store allows and some.
 */
export function parseMetadata(fields: Fields): BundleSnapMetadata {
  return {
    title: fields.optionalText('title', METADATA_LIMITS.title),
    summary: fields.optionalText('summary', METADATA_LIMITS.summary),
    description: fields.optionalText('description', METADATA_LIMITS.description),
    license: fields.optionalText('license', METADATA_LIMITS.license),
    links: fields.has('links') ? parseLinks(fields.object('links')) : {},
    categories: fields.objects('categories', METADATA_LIMITS.categories, (category) => ({
      name: category.matching('name', CATEGORY_NAME, 'a category such as "utilities"'),
      featured: category.flag('featured'),
    })),
    website: optionalLink(fields, 'website'),
    contact: optionalLink(fields, 'contact'),
    storeUrl: optionalLink(fields, 'store-url'),
    private: fields.flag('private'),
    publisher: fields.has('publisher') ? parsePublisher(fields.object('publisher')) : null,
    media: fields.objects('media', METADATA_LIMITS.media, (use) => ({
      type: use.matching('type', WORD, 'a word such as "icon" or "screenshot"'),
      digest: readDigest(use),
      width: use.optionalWhole('width', 1, 65_535),
      height: use.optionalWhole('height', 1, 65_535),
    })),
  };
}

function parseLinks(links: Fields): Record<string, readonly string[]> {
  const kinds = links.keys();
  if (kinds.length > METADATA_LIMITS.linkKinds) {
    links.refuse('*', `has more than ${METADATA_LIMITS.linkKinds} kinds of link`);
  }
  return Object.fromEntries(
    kinds.map((kind) => {
      if (!WORD.test(kind)) links.refuse(JSON.stringify(kind.slice(0, 60)), 'is not a kind of link');
      const urls = links.texts(kind, METADATA_LIMITS.linksPerKind, METADATA_LIMITS.link);
      urls.forEach((url, index) => {
        if (!isHarmlessLink(url)) links.refuse(`${kind}[${index}]`, 'must be an http, https or mailto link');
      });
      return [kind, urls];
    }),
  );
}

function parsePublisher(fields: Fields): BundlePublisher {
  return {
    id: fields.matching('id', ACCOUNT_ID, 'an account-id'),
    username: fields.matching('username', USERNAME, "an account's user name"),
    displayName: fields.text('display-name', METADATA_LIMITS.displayName),
    validation: fields.matching('validation', WORD, 'a word such as "verified"'),
  };
}

function optionalLink(fields: Fields, key: string): string | null {
  const url = fields.optionalText(key, METADATA_LIMITS.link);
  if (url === null || isHarmlessLink(url)) return url;
  return fields.refuse(key, 'must be an http, https or mailto link');
}
