import { BadRequestError } from '../../../platform/http/http.errors.js';

/** What a snap is to be held to on a device. Nearly no snap of nearly no device is held to anything. */
export interface RefreshTerms {
  /** Of the group of devices that see the channels of the snap as they were when the key was made. */
  readonly cohortKey: string | null;
  /** Primary keys: series, account-id, name and sequence. */
  readonly validationSets: readonly (readonly string[])[];
  /** Whether validation sets do not count; null where the device does not say. */
  readonly ignoresValidation: boolean | null;
}

/** The terms of an action together with those that its snap is installed under. */
export interface JoinedTerms {
  readonly cohortKey: string | null;
  /** Whether the device enters the cohort with this action, rather than being in it. */
  readonly entersCohort: boolean;
  readonly validationSets: readonly (readonly string[])[];
}

const MAX_SETS = 100;
const MAX_TEXT = 512;

/**
 * The terms in an action or in the context of a refresh request (snapd: store/store_action.go), or null where there are none.
 * @throws BadRequestError naming the field
 */
export function parseTerms(snap: Record<string, unknown>): RefreshTerms | null {
  const { 'cohort-key': cohortKey, 'validation-sets': sets, 'ignore-validation': ignores } = snap;
  // As nearly all come.
  if (cohortKey === undefined && sets === undefined && ignores === undefined) return null;
  const terms = {
    cohortKey: parseCohortKey(cohortKey),
    validationSets: parseSets(sets),
    ignoresValidation: parseIgnores(ignores),
  };
  const isNothing = terms.cohortKey === null && terms.validationSets.length === 0 && terms.ignoresValidation === null;
  return isNothing ? null : terms;
}

/** As much of an action as says what its terms are. */
interface ActionOnTerms {
  readonly channel: string | null;
  readonly terms: RefreshTerms | null;
}

/**
 * An action's own word counts before what the device said of the installed snap, and validation sets of both count. An action that names
 * a channel names the cohort too, or leaves it: so snapd says `snap refresh --leave-cohort` (overlord/snapstate/storehelpers.go); only
 * an action that names neither goes along with both. Null where nothing remains.
 */
export function joinTerms(action: ActionOnTerms, installed: RefreshTerms | null): JoinedTerms | null {
  const own = action.terms;
  if (own === null && installed === null) return null;
  const ignores = own?.ignoresValidation ?? installed?.ignoresValidation ?? false;
  const sets = ignores ? [] : [...(installed?.validationSets ?? []), ...(own?.validationSets ?? [])];
  const installedKey = installed?.cohortKey ?? null;
  const cohortKey = own?.cohortKey ?? (action.channel === null ? installedKey : null);
  if (cohortKey === null && sets.length === 0) return null;
  const unique = new Map(sets.map((set) => [set.join('/'), set]));
  return { cohortKey, entersCohort: cohortKey !== installedKey, validationSets: [...unique.values()] };
}

function parseCohortKey(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new BadRequestError('cohort-key is not a text');
  if (value.length > MAX_TEXT) throw new BadRequestError('cohort-key is too long');
  return value;
}

function parseSets(value: unknown): readonly (readonly string[])[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new BadRequestError('validation-sets is not a list');
  if (value.length > MAX_SETS) throw new BadRequestError(`validation-sets has more than ${MAX_SETS} entries`);
  return value.map((key: unknown) => {
    if (!Array.isArray(key) || key.length !== 4 || !key.every(isKeyPart)) {
      throw new BadRequestError(
        'validation-sets names a set by something else than series, account-id, name and sequence',
      );
    }
    return key;
  });
}

function isKeyPart(part: unknown): part is string {
  return typeof part === 'string' && part !== '' && part.length <= MAX_TEXT;
}

function parseIgnores(value: unknown): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'boolean') throw new BadRequestError('ignore-validation is neither true nor false');
  return value;
}
