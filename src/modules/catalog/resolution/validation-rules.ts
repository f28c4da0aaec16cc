import { StoreError } from '../../../kernel/store-error.js';

export type Presence = 'required' | 'optional' | 'invalid';

/** What one validation set says of one snap or component. */
export interface PresenceRule {
  /** `account-id/name=sequence`, as `snap validate` writes it. */
  readonly set: string;
  readonly presence: Presence;
  /** The only revision that goes, or null where any does. */
  readonly revision: number | null;
}

export interface ValidationRule extends PresenceRule {
  /** By name. */
  readonly components: ReadonlyMap<string, PresenceRule>;
}

/** The only revision of each component that goes, or null where none does. Of components that are not in it any goes. */
export type ComponentPins = ReadonlyMap<string, number | null>;

/** The only revision that goes, and who says so. */
export interface Pin {
  readonly revision: number;
  readonly sets: readonly string[];
}

export class ValidationSetNotHeldError extends StoreError {
  readonly code = 'validation-set-not-held';

  constructor(set: string) {
    super(`this store does not hold validation set ${set}`, { set });
  }
}

export class ValidationSetConflictError extends StoreError {
  readonly code = 'validation-set-conflict';

  constructor(name: string, one: string, other: string) {
    super(`validation sets cannot both hold for snap ${name}: ${one}, ${other}`, { name });
  }
}

/** A device on which the set is enforced must not have the snap. */
export class SnapRuledOutError extends StoreError {
  readonly code = 'snap-ruled-out';

  constructor(name: string, set: string) {
    super(`validation set ${set} says that snap ${name} must not be there`, { name, set });
  }
}

export class RevisionRuledOutError extends StoreError {
  readonly code = 'revision-ruled-out';

  constructor(name: string, asked: number, { revision, sets }: Pin) {
    super(`${saidBy(sets)} revision ${revision} of snap ${name}, so revision ${asked} cannot be had`, {
      name,
      revision,
      asked,
      sets,
    });
  }
}

/**
 * What several sets make of a snap together (snapd: asserts/snapasserts/validation_sets.go). A set that does not name the snap
 * lets it be.
 * @returns null where any revision goes
 * @throws ValidationSetConflictError, SnapRuledOutError
 */
export function pinOf(name: string, rules: readonly PresenceRule[]): Pin | null {
  const invalid = rules.find(({ presence }) => presence === 'invalid');
  const required = rules.find(({ presence }) => presence === 'required');
  if (invalid !== undefined && required !== undefined) {
    throw new ValidationSetConflictError(name, `${required.set} requires it`, `${invalid.set} forbids it`);
  }
  if (invalid !== undefined) throw new SnapRuledOutError(name, invalid.set);
  const pinning = rules.filter((rule): rule is PresenceRule & { revision: number } => rule.revision !== null);
  const [first] = pinning;
  if (first === undefined) return null;
  const other = pinning.find(({ revision }) => revision !== first.revision);
  if (other !== undefined) {
    const [one, two] = [first, other].map(({ set, revision }) => `${set} pins revision ${revision}`);
    throw new ValidationSetConflictError(name, one ?? '', two ?? '');
  }
  return { revision: first.revision, sets: pinning.map(({ set }) => set) };
}

/**
 * As `pinOf`, for the components of the snap. One that a set forbids is not there; the snap is, all the same.
 * @throws ValidationSetConflictError
 */
export function componentPinsOf(name: string, rules: readonly ValidationRule[]): ComponentPins | null {
  const named = new Set(rules.flatMap(({ components }) => [...components.keys()]));
  const pins = new Map<string, number | null>();
  for (const component of named) {
    const own = rules.flatMap(({ components }) => components.get(component) ?? []);
    try {
      const pin = pinOf(`${name}+${component}`, own);
      if (pin !== null) pins.set(component, pin.revision);
    } catch (error) {
      if (!(error instanceof SnapRuledOutError)) throw error;
      pins.set(component, null);
    }
  }
  return pins.size === 0 ? null : pins;
}

/** `validation set acme/base=3 pins`. */
export function saidBy(sets: readonly string[]): string {
  return sets.length === 1 ? `validation set ${sets.join()} pins` : `validation sets ${sets.join(' and ')} pin`;
}
