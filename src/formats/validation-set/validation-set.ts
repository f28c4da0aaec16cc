import { StoreError } from '../../kernel/store-error.js';
import { type Assertion, type HeaderMap, type HeaderValue, printable } from '../assertion/index.js';

/** `required` and `optional` may pin a revision; `invalid` must not be installed (snapd: asserts/validation_set.go). */
export const PRESENCES = ['required', 'optional', 'invalid'] as const;
export type Presence = (typeof PRESENCES)[number];

export interface ListedComponent {
  readonly name: string;
  readonly presence: Presence;
  /** Null for any. */
  readonly revision: number | null;
}

export interface ListedSnap {
  readonly name: string;
  readonly snapId: string;
  readonly presence: Presence;
  /** Null for any. */
  readonly revision: number | null;
  readonly components: readonly ListedComponent[];
}

/** What a validation-set assertion says. */
export interface ValidationSet {
  readonly accountId: string;
  readonly name: string;
  readonly sequence: number;
  readonly revision: number;
  readonly snaps: readonly ListedSnap[];
}

/** What an operator writes down; what is null is filled in from what the store holds. */
export interface ValidationSetDraft {
  readonly accountId: string | null;
  readonly name: string;
  readonly sequence: number | null;
  readonly revision: number | null;
  readonly snaps: readonly (Omit<ListedSnap, 'snapId'> & { readonly snapId: string | null })[];
}

/** A file that describes no validation set. Names the file and the place in it. */
export class ValidationSetFileError extends StoreError {
  readonly code = 'validation-set-file-invalid';

  constructor(file: string, place: string, problem: string) {
    super(`${file}: ${place} ${problem}`, { file, place });
  }
}

/** Reads a validation-set assertion, whose form has been checked when it was decoded. */
export function validationSetOf(assertion: Assertion): ValidationSet {
  const snaps = assertion.headers.snaps as readonly HeaderMap[];
  return {
    accountId: assertion.text('account-id'),
    name: assertion.text('name'),
    sequence: assertion.sequence ?? 0,
    revision: assertion.revision,
    snaps: snaps.map((snap) => ({
      name: textOf(snap.name),
      snapId: textOf(snap.id),
      ...demandOf(snap),
      components: componentsOf(snap.components),
    })),
  };
}

/** The headers that say what the set says; who signs it, and when, is for others to add. */
export function validationSetHeaders({ accountId, name, sequence, revision, snaps }: ValidationSet): HeaderMap {
  return {
    series: '16',
    'account-id': accountId,
    name,
    sequence: String(sequence),
    ...(revision === 0 ? {} : { revision: String(revision) }),
    snaps: snaps.map((snap) => ({
      name: snap.name,
      id: snap.snapId,
      ...demandHeaders(snap),
      ...(snap.components.length === 0
        ? {}
        : {
            components: Object.fromEntries(
              snap.components.map((component) => [component.name, demandHeaders(component)]),
            ),
          }),
    })),
  };
}

/** `ACCOUNT/NAME=SEQUENCE`, as `snap validate` writes it. */
export function validationSetTitle({ accountId, name, sequence }: Omit<ValidationSet, 'snaps' | 'revision'>): string {
  return printable(`${accountId}/${name}=${sequence}`);
}

function demandHeaders({ presence, revision }: Pick<ListedSnap, 'presence' | 'revision'>): Record<string, string> {
  return { presence, ...(revision === null ? {} : { revision: String(revision) }) };
}

function demandOf({ presence, revision }: HeaderMap): Pick<ListedSnap, 'presence' | 'revision'> {
  return {
    // Left out of a snap it means that the snap has to be there.
    presence: isPresence(presence) ? presence : 'required',
    revision: revision === undefined ? null : Number(textOf(revision)),
  };
}

/** Each is a presence, or a map with one. */
function componentsOf(components: HeaderValue | undefined): ListedComponent[] {
  if (typeof components !== 'object' || Array.isArray(components)) return [];
  return Object.entries(components as HeaderMap).map(([name, value]) => ({
    name,
    ...demandOf(typeof value === 'string' ? { presence: value } : (value as HeaderMap)),
  }));
}

function isPresence(value: HeaderValue | undefined): value is Presence {
  return PRESENCES.some((presence) => presence === value);
}

function textOf(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
