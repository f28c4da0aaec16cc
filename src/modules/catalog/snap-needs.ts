import { parse } from 'yaml';

const MAX_ALIASES = 100;
const TYPES_WITHOUT_BASE = ['base', 'os', 'snapd', 'kernel'];

/** Why a device fetches another snap: in the words of a bundle's reasons. */
export type NeedKind = 'base' | 'snapd' | 'default-provider';

/**
 * The snaps that a device fetches before it installs this one, with the reason: its base, the providers that its content
 * plugs name, and snapd, which a device without it gets first (snapd: overlord/snapstate/handlers_prereq.go).
 */
export function snapNeeds(snapYaml: string): Map<string, NeedKind> {
  const keys = parsed(snapYaml);
  const needs = new Map<string, NeedKind>();
  const type = typeof keys.type === 'string' ? keys.type : 'app';
  if (typeof keys.base === 'string' && keys.base !== 'none') needs.set(keys.base, 'base');
  // Without a base it runs on core, which is also what a device without snapd would fetch.
  else if (keys.base === undefined && !TYPES_WITHOUT_BASE.includes(type)) needs.set('core', 'base');
  if (!TYPES_WITHOUT_BASE.includes(type)) needs.set('snapd', 'snapd');
  for (const plug of Object.values(record(keys.plugs))) {
    const provider = record(plug)['default-provider'];
    // `name:slot` was allowed once.
    if (typeof provider === 'string') needs.set(provider.split(':')[0] ?? provider, 'default-provider');
  }
  return needs;
}

function parsed(snapYaml: string): Record<string, unknown> {
  try {
    return record(parse(snapYaml, { maxAliasCount: MAX_ALIASES, logLevel: 'silent' }));
  } catch {
    // It was readable when it came in; what cannot be read needs nothing.
    return {};
  }
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
