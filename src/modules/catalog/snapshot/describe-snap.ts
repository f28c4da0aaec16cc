import { parse } from 'yaml';

import type { SnapMetadata } from '../snap-metadata.js';

const MAX_ALIASES = 100;

/**
 * What a snap says of itself in words: the keys of snap.yaml that the store shows (snapd: snap/info_snap_yaml.go). The file
 * was read in full when it was imported; what does not fit here is left out rather than refused.
 */
export function describeSnap(snapYaml: string): SnapMetadata {
  const keys = parseLeniently(snapYaml);
  const links = linksOf(keys.links);
  return {
    ...textOf(keys, 'title'),
    ...textOf(keys, 'summary'),
    ...textOf(keys, 'description'),
    ...textOf(keys, 'license'),
    ...(links.contact?.[0] === undefined ? {} : { contact: links.contact[0] }),
    ...(links.website?.[0] === undefined ? {} : { website: links.website[0] }),
    ...(Object.keys(links).length === 0 ? {} : { links }),
  };
}

function parseLeniently(snapYaml: string): Record<string, unknown> {
  try {
    const parsed: unknown = parse(snapYaml, { maxAliasCount: MAX_ALIASES, logLevel: 'silent' });
    return parsed !== null && typeof parsed === 'object' ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf<K extends string>(keys: Record<string, unknown>, key: K): Partial<Record<K, string>> {
  const value = keys[key];
  return typeof value === 'string' && value !== '' ? ({ [key]: value } as Record<K, string>) : {};
}

/** A link is one text or a list of them. */
function linksOf(value: unknown): Record<string, string[]> {
  if (value === null || typeof value !== 'object') return {};
  const entries = Object.entries(value).map(([kind, link]: [string, unknown]) => {
    const list: unknown[] = Array.isArray(link) ? link : [link];
    return [kind, list.filter((item) => typeof item === 'string')] as const;
  });
  return Object.fromEntries(entries.filter(([, list]) => list.length > 0));
}
