import type { Fields } from './fields.js';

/** A name that a snap gives to its use (plug) or its offer (slot) of an interface. */
export interface SnapPlug {
  readonly name: string;
  readonly interface: string;
  /** Of the content interface: which content; null for every other interface. */
  readonly content: string | null;
  /** Of the content interface: the snap that snapd installs with this one when nothing offers the content. */
  readonly defaultProvider: string | null;
}

export interface SnapSlot {
  readonly name: string;
  readonly interface: string;
  /** Of the content interface: which content. */
  readonly content: string | null;
}

// snapd: snap/naming/validate.go
const PLUG_OR_SLOT = /^[a-z](?:-?[a-z0-9])*$/;
const CONTENT = 'content';

/** `key` is `plugs`; apps and hooks may name more than the top level defines (snapd: snap/info_snap_yaml.go). */
export function readPlugs(root: Fields, users: readonly Fields[]): SnapPlug[] {
  return collect(root, 'plugs', users).map(({ name, interface: type, attributes }) => ({
    name,
    interface: type,
    ...contentOf(type, name, attributes),
    defaultProvider: type === CONTENT ? providerOf(attributes) : null,
  }));
}

export function readSlots(root: Fields, users: readonly Fields[]): SnapSlot[] {
  return collect(root, 'slots', users).map(({ name, interface: type, attributes }) => ({
    name,
    interface: type,
    ...contentOf(type, name, attributes),
  }));
}

interface Definition {
  readonly name: string;
  readonly interface: string;
  readonly attributes: Fields | null;
}

function collect(root: Fields, key: 'plugs' | 'slots', users: readonly Fields[]): Definition[] {
  const top = root.fields(key);
  const definitions = new Map<string, Definition>();
  for (const name of top.names()) definitions.set(name, define(top, name));
  for (const user of users) {
    for (const name of user.texts(key)) {
      if (!PLUG_OR_SLOT.test(name)) throw user.refusal(key, `cannot name ${JSON.stringify(name.slice(0, 60))}`);
      if (!definitions.has(name)) definitions.set(name, { name, interface: name, attributes: null });
    }
  }
  return [...definitions.values()];
}

/** Says nothing (the interface has the same name), names the interface, or has attributes, one of which may name it. */
function define(top: Fields, name: string): Definition {
  if (!PLUG_OR_SLOT.test(name)) throw top.refusal(name, 'cannot be the name of a plug or slot');
  const value = top.value(name);
  const attributes = value === null || typeof value === 'string' ? null : top.fields(name);
  const type = typeof value === 'string' && value !== '' ? value : (attributes?.text('interface') ?? name);
  if (!PLUG_OR_SLOT.test(type)) throw top.refusal(name, `has no interface: ${JSON.stringify(type.slice(0, 60))}`);
  return { name, interface: type, attributes };
}

/** Content that is not named has the plug's or slot's own name (snapd: interfaces/builtin/content.go). */
function contentOf(type: string, name: string, attributes: Fields | null): { content: string | null } {
  return { content: type === CONTENT ? (attributes?.text('content') ?? name) : null };
}

/** Old snaps say `snap:slot`; the snap's name counts (snapd: snap/info.go). */
function providerOf(attributes: Fields | null): string | null {
  const [name] = attributes?.text('default-provider')?.split(':') ?? [];
  return name === undefined || name === '' ? null : name;
}
