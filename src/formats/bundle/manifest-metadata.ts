import type { Fields } from './fields.js';
import type { BundlePublisher, BundleSnapMetadata } from './manifest.js';
import { readDigest } from './vocabulary.js';

const WORD = /^[a-z][a-z0-9_-]{0,39}$/;

/**
 * Reads a snap's store metadata. Its texts end up on devices' terminals and in browsers: links are held to schemes that
 * run nothing, lengths to what the online store allows and some.
 */
export function parseMetadata(fields: Fields): BundleSnapMetadata {
  return {
    title: fields.optionalText('title', 200),
    summary: fields.optionalText('summary', 1000),
    description: fields.optionalText('description', 65_536),
    license: fields.optionalText('license', 2000),
    links: fields.has('links') ? parseLinks(fields.object('links')) : {},
    categories: fields.objects('categories', 100, (category) => ({
      name: category.matching('name', /^[a-z0-9][a-z0-9-]{0,99}$/, 'a category such as "utilities"'),
      featured: category.flag('featured'),
    })),
    website: optionalLink(fields, 'website'),
    contact: optionalLink(fields, 'contact'),
    storeUrl: optionalLink(fields, 'store-url'),
    private: fields.flag('private'),
    publisher: fields.has('publisher') ? parsePublisher(fields.object('publisher')) : null,
    media: fields.objects('media', 100, (use) => ({
      type: use.matching('type', WORD, 'a word such as "icon" or "screenshot"'),
      digest: readDigest(use),
      width: use.optionalWhole('width', 1, 65_535),
      height: use.optionalWhole('height', 1, 65_535),
    })),
  };
}

function parseLinks(links: Fields): Record<string, readonly string[]> {
  const kinds = links.keys();
  if (kinds.length > 50) links.refuse('*', 'has more than 50 kinds of link');
  return Object.fromEntries(
    kinds.map((kind) => {
      if (!WORD.test(kind)) links.refuse(JSON.stringify(kind.slice(0, 60)), 'is not a kind of link');
      const urls = links.texts(kind, 100, 2000);
      urls.forEach((url, index) => {
        if (!isHarmlessLink(url)) links.refuse(`${kind}[${index}]`, 'must be an http, https or mailto link');
      });
      return [kind, urls];
    }),
  );
}

function parsePublisher(fields: Fields): BundlePublisher {
  return {
    id: fields.matching('id', /^[a-zA-Z0-9-]{1,64}$/, 'an account-id'),
    username: fields.matching('username', /^[a-z0-9][a-z0-9-]{0,63}$/, "an account's user name"),
    displayName: fields.text('display-name', 200),
    validation: fields.matching('validation', WORD, 'a word such as "verified"'),
  };
}

function optionalLink(fields: Fields, key: string): string | null {
  const url = fields.optionalText(key, 2000);
  if (url === null || isHarmlessLink(url)) return url;
  return fields.refuse(key, 'must be an http, https or mailto link');
}

function isHarmlessLink(url: string): boolean {
  return /^(?:https?:\/\/|mailto:)[^\s"<>\\^`{|}]+$/i.test(url) && URL.canParse(url);
}
