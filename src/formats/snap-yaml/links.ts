import type { Fields } from './fields.js';

/** Ways to reach a snap's makers, by kind: `contact`, `website`, `issues`, `source-code`, `donation` … */
export type SnapLinks = Readonly<Record<string, readonly string[]>>;

const KIND = /^[a-zA-Z](?:-?[a-zA-Z0-9])*$/;
const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/;
/** Some snaps have these outside of `links` as well, as snapcraft.yaml does. snapd does not read them there. */
const TOP_LEVEL_KINDS = ['contact', 'donation', 'issues', 'source-code', 'website'];

/** Reads `links` by snapd's rules (snapd: snap/validate.go ValidateLinks), and adds what is at the top level. */
export function readLinks(root: Fields): SnapLinks {
  const links = root.fields('links');
  const read = new Map<string, readonly string[]>();
  for (const kind of links.names()) {
    if (!KIND.test(kind)) throw links.refusal(kind, 'cannot be a kind of link');
    const values = links.oneOrMoreTexts(kind);
    if (values.length === 0) throw links.refusal(kind, 'is empty');
    for (const value of values) checkLink(links, kind, value);
    read.set(kind, values);
  }
  for (const kind of TOP_LEVEL_KINDS) {
    const values = root.oneOrMoreTexts(kind).filter((value) => value !== '');
    if (values.length > 0 && !read.has(kind)) read.set(kind, values);
  }
  return Object.fromEntries(read);
}

function checkLink(links: Fields, kind: string, value: string): void {
  const scheme = SCHEME.exec(value)?.[1]?.toLowerCase();
  const isAddress = scheme === undefined || scheme === 'mailto';
  const fits = isAddress ? value.includes('@') : scheme === 'http' || scheme === 'https';
  if (!fits) throw links.refusal(kind, `is no web or mail address: ${JSON.stringify(value.slice(0, 100))}`);
}
