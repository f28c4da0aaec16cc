import type { BundleReason } from '../../../formats/bundle/index.js';
import { parseSnapYaml, SnapYamlError, type SnapYaml } from '../../../formats/snap-yaml/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import { isSnapName } from '../../../kernel/snap-names.js';
import type { StoreRevision } from '../../upstream/index.js';

/** A snap that has to come along, and why. */
export interface Need {
  readonly name: string;
  /** Null where it is known by name only. */
  readonly snapId: string | null;
  /** The devices that it is for. */
  readonly architectures: readonly Architecture[];
  /** Whether another architecture than these will not do. */
  readonly areArchitecturesSaid: boolean;
  /** Null for the one that the channel has. */
  readonly revision: number | null;
  /** As written; null for the default one. */
  readonly channel: string | null;
  readonly cohortKey: string | null;
  /** Where it is released on the other side, as written; null for wherever it is found. */
  readonly releaseTo: readonly string[] | null;
  readonly components: WantedComponents;
  readonly reason: BundleReason;
  /** Whether everything is well without it too. */
  readonly isOptional: boolean;
}

export type WantedComponents = 'all' | readonly string[];

/** A need with nothing special about it. */
export const PLAIN_NEED = {
  snapId: null,
  areArchitecturesSaid: true,
  revision: null,
  channel: null,
  cohortKey: null,
  releaseTo: null,
  components: [],
  isOptional: false,
} as const;

const DEFAULT_BASE = 'core';
const NO_BASE = 'none';

/**
 * What a device of this architecture asks for before it installs the snap (snapd: overlord/snapstate/handlers_prereq.go): for an app its
 * base, or `core` where it names none, the `snapd` snap, and the snaps that provide its content by default. Kernels and gadgets have a
 * base at most; a base has nothing.
 * @param yaml null where nobody knows it: then what the store says has to do, and content providers stay unknown
 */
export function prerequisitesOf(store: StoreRevision, yaml: SnapYaml | null, architecture: Architecture): Need[] {
  const type = yaml?.type ?? store.type;
  const isApp = type === 'app';
  const base = (yaml === null ? store.base : yaml.base) ?? (isApp ? DEFAULT_BASE : NO_BASE);
  const needed = new Map<string, string>();
  if (base !== NO_BASE) needed.set(base, 'base');
  if (isApp) {
    if (!needed.has('snapd')) needed.set('snapd', 'snapd');
    for (const { defaultProvider } of yaml?.plugs ?? []) {
      // Nobody has checked the name yet; no device would find a snap by a wrong one.
      if (defaultProvider === null || !isSnapName(defaultProvider) || needed.has(defaultProvider)) continue;
      needed.set(defaultProvider, 'default-provider');
    }
  }
  needed.delete(store.name);
  return [...needed].map(([name, kind]) => ({
    ...PLAIN_NEED,
    name,
    architectures: [architecture],
    reason: { kind, of: store.name },
  }));
}

/** @throws SnapYamlError where a device would refuse it, or where it is another snap's */
export function readSnapYaml(name: string, text: string): SnapYaml {
  const yaml = parseSnapYaml(Buffer.from(text));
  if (yaml.name !== name) throw new SnapYamlError('snap.yaml', 'name', `is "${yaml.name}" and not "${name}"`);
  return yaml;
}
