import { parseDocument } from 'yaml';

import { ARCHITECTURES } from '../../../kernel/architecture.js';
import { messageOf } from '../../../kernel/store-error.js';
import { PolicyInvalidError } from '../airgap-policy.errors.js';

/** Whoever is in `deny` may not enter; where there is an `allow`, nobody else may. */
export interface ListRule {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** What may enter the store. A rule that is left out lets everything in. */
export interface PolicyDocument {
  readonly format: 1;
  /** Account ids or user names. */
  readonly publishers?: ListRule;
  /** Names, in which `*` stands for anything, or snap ids. */
  readonly snaps?: ListRule;
  readonly confinement?: ListRule;
  /** Of plugs and slots. */
  readonly interfaces?: ListRule;
  /** Of a snap that runs on several, all of them. */
  readonly architectures?: ListRule;
  readonly size?: { readonly maxBytes: number };
}

export const LIST_RULES = ['publishers', 'snaps', 'confinement', 'interfaces', 'architectures'] as const;
export type ListRuleName = (typeof LIST_RULES)[number];

const FORMAT = 1;
const MAX_ENTRIES = 10_000;
const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 };

/** What an entry of each list looks like. */
const ENTRIES: Readonly<Record<ListRuleName, { readonly fits: RegExp; readonly accepted: string }>> = {
  publishers: { fits: /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/, accepted: 'an account id or a user name' },
  snaps: {
    fits: /^[A-Za-z0-9*][A-Za-z0-9*-]{0,63}$/,
    accepted: 'a snap name, in which * stands for anything, or a snap id',
  },
  confinement: { fits: /^(?:strict|classic|devmode)$/, accepted: 'strict, classic or devmode' },
  interfaces: { fits: /^[a-z](?:-?[a-z0-9])*$/, accepted: 'the name of an interface' },
  architectures: {
    fits: new RegExp(`^(?:${[...ARCHITECTURES, 'all'].join('|')})$`),
    accepted: [...ARCHITECTURES, 'all'].join(', '),
  },
};

/** JSON is YAML. @throws PolicyInvalidError naming the place */
export function parsePolicy(text: string, name: string): PolicyDocument {
  const document = parseDocument(text, { prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw new PolicyInvalidError(name, `is not YAML: ${problem.message.split('\n')[0] ?? ''}`);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new PolicyInvalidError(name, `is not plain YAML: ${messageOf(error)}`);
  }
  return readPolicy(content, name);
}

function readPolicy(content: unknown, name: string): PolicyDocument {
  const root = mapping(content, name, 'the document');
  if (root.get('format') !== FORMAT) throw new PolicyInvalidError(name, `has to say "format: ${FORMAT}"`);
  const policy: { format: 1; size?: { maxBytes: number } } & Partial<Record<ListRuleName, ListRule>> = {
    format: FORMAT,
  };
  for (const [key, value] of root) {
    if (key === 'format') continue;
    if (key === 'size') policy.size = { maxBytes: readSize(mapping(value, name, 'size'), name) };
    else if (isListRule(key)) policy[key] = readListRule(mapping(value, name, key), key, name);
    else
      throw new PolicyInvalidError(name, `has "${key.slice(0, 60)}", and knows: ${[...LIST_RULES, 'size'].join(', ')}`);
  }
  return policy;
}

function readListRule(rule: ReadonlyMap<string, unknown>, key: ListRuleName, name: string): ListRule {
  for (const word of rule.keys())
    if (word !== 'allow' && word !== 'deny')
      throw new PolicyInvalidError(name, `has "${key}.${word.slice(0, 60)}", and knows: allow, deny`);
  if (rule.size === 0) throw new PolicyInvalidError(name, `says neither allow nor deny in "${key}"`);
  const list = (word: 'allow' | 'deny'): Partial<ListRule> =>
    rule.has(word) ? { [word]: readList(rule.get(word), `${key}.${word}`, ENTRIES[key], name) } : {};
  return { ...list('allow'), ...list('deny') };
}

function readList(value: unknown, where: string, entry: (typeof ENTRIES)[ListRuleName], name: string): string[] {
  if (!Array.isArray(value)) throw new PolicyInvalidError(name, `needs a list in "${where}"`);
  if (value.length > MAX_ENTRIES)
    throw new PolicyInvalidError(name, `has more than ${MAX_ENTRIES} entries in "${where}"`);
  return (value as unknown[]).map((item) => {
    if (typeof item === 'string' && entry.fits.test(item)) return item;
    const shown = JSON.stringify(item ?? null).slice(0, 80);
    throw new PolicyInvalidError(name, `has ${shown} in "${where}"; accepted: ${entry.accepted}`);
  });
}

/** `max: 2GiB`, or a number of bytes. */
function readSize(rule: ReadonlyMap<string, unknown>, name: string): number {
  for (const word of rule.keys())
    if (word !== 'max' && word !== 'maxBytes')
      throw new PolicyInvalidError(name, `has "size.${word.slice(0, 60)}", and knows: max`);
  const value = rule.get('max') ?? rule.get('maxBytes');
  const match = /^([1-9][0-9]{0,14}) ?(|[KMGT]iB)$/.exec(
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '',
  );
  const bytes = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? 1);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new PolicyInvalidError(name, 'needs "size.max" to be a number of bytes, or one with KiB, MiB, GiB or TiB');
}

function mapping(value: unknown, name: string, what: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PolicyInvalidError(name, `needs a mapping in ${what === 'the document' ? what : `"${what}"`}`);
  return new Map(Object.entries(value));
}

function isListRule(key: string): key is ListRuleName {
  return (LIST_RULES as readonly string[]).includes(key);
}
