import { parseDocument } from 'yaml';

import { isSnapId, isSnapName } from '../../kernel/snap-names.js';
import { messageOf } from '../../kernel/store-error.js';
import { type ListedComponent, type Presence, PRESENCES, type ValidationSetDraft } from './validation-set.js';
import { ValidationSetFileError } from './validation-set.js';

const ACCOUNT = /^(?:[a-zA-Z0-9]{32}|[-a-z0-9]{2,28})$/;
const SET_NAME = /^[a-z0-9](?:-?[a-z0-9])*$/;
const NUMBER = /^(0|[1-9][0-9]{0,9})$/;
const MAX_NUMBER = 2 ** 31 - 1;
const MAX_SNAPS = 10_000;

/**
 * Reads `{account-id, name, sequence, revision, snaps: [{name, id, presence, revision, components}]}`, the keys of the assertion and of
 * `snapcraft edit-validation-sets`, as YAML or JSON. Only `name` and `snaps` have to be there, and of a snap its name; it is required
 * unless something else is said.
 * @param file what errors call it
 * @throws ValidationSetFileError
 */
export function readValidationSetFile(text: string, file: string): ValidationSetDraft {
  const root = Place.ofYaml(text, file);
  const fields = root.fields(['account-id', 'name', 'sequence', 'revision', 'snaps']);
  const snaps = (fields.get('snaps') ?? root.refuse('has no "snaps"')).list().map(readSnap);
  if (snaps.length === 0) root.refuse('lists no snaps');
  for (const key of ['name', 'snapId'] as const) {
    const values = snaps.map((snap) => snap[key]).filter((value) => value !== null);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) root.refuse(`lists the same snap twice: ${twice}`);
  }
  return {
    accountId: fields.get('account-id')?.matching(ACCOUNT, 'is no account id') ?? null,
    name: (fields.get('name') ?? root.refuse('has no "name"')).matching(
      SET_NAME,
      'is no name of a validation set: lower case letters and digits, with single dashes between',
    ),
    sequence: fields.get('sequence')?.number(1) ?? null,
    revision: fields.get('revision')?.number(0) ?? null,
    snaps,
  };
}

function readSnap(place: Place): ValidationSetDraft['snaps'][number] {
  const fields = place.fields(['name', 'id', 'presence', 'revision', 'components']);
  const name = (fields.get('name') ?? place.refuse('has no "name"')).text();
  if (!isSnapName(name)) place.refuse(`has the name "${shown(name)}", which no snap has`);
  const snapId = fields.get('id')?.text() ?? null;
  if (snapId !== null && !isSnapId(snapId)) place.refuse(`has the id "${shown(snapId)}", which is no snap-id`);
  return { name, snapId, ...readDemand(place, fields), components: readComponents(fields.get('components')) };
}

function readComponents(place: Place | undefined): ListedComponent[] {
  return [...(place?.fields(null) ?? [])].map(([name, component]) => {
    if (!isSnapName(name)) component.refuse('is no name of a component');
    if (component.isText) return { name, presence: component.presence(), revision: null };
    return { name, ...readDemand(component, component.fields(['presence', 'revision'])) };
  });
}

function readDemand(
  place: Place,
  fields: ReadonlyMap<string, Place>,
): { readonly presence: Presence; readonly revision: number | null } {
  const presence = fields.get('presence')?.presence() ?? 'required';
  const revision = fields.get('revision')?.number(1) ?? null;
  if (presence === 'invalid' && revision !== null) place.refuse('is invalid, and pins a revision all the same');
  return { presence, revision };
}

/** A value in the file, with the words for where it stands. */
class Place {
  private constructor(
    private readonly file: string,
    private readonly where: string,
    private readonly value: unknown,
  ) {}

  /** Every scalar is text, so that nothing is taken for a date or a number of another kind. */
  static ofYaml(text: string, file: string): Place {
    const whole = 'the file';
    const document = parseDocument(text, { schema: 'failsafe', prettyErrors: true });
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw new ValidationSetFileError(file, whole, `is not YAML: ${problem.message.split('\n')[0] ?? ''}`);
    }
    try {
      return new Place(file, whole, document.toJS({ maxAliasCount: 0 }));
    } catch (error) {
      throw new ValidationSetFileError(file, whole, `is not plain YAML: ${messageOf(error)}`);
    }
  }

  get isText(): boolean {
    return typeof this.value === 'string';
  }

  /** @param known null for any */
  fields(known: readonly string[] | null): ReadonlyMap<string, Place> {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.refuse('is not a map');
    const entries = Object.entries(value);
    const unknown = entries.find(([key]) => known?.includes(key) === false);
    if (unknown !== undefined) this.refuse(`has "${shown(unknown[0])}", which is none of ${known?.join(', ') ?? ''}`);
    return new Map(entries.map(([key, given]) => [key, new Place(this.file, this.nameOf(key), given)]));
  }

  list(): Place[] {
    const { value } = this;
    if (!Array.isArray(value)) return this.refuse('is not a list');
    if (value.length > MAX_SNAPS) this.refuse(`has more than ${MAX_SNAPS} entries`);
    return value.map((given, index) => new Place(this.file, `${this.where}[${index}]`, given));
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('is not a text');
  }

  matching(pattern: RegExp, problem: string): string {
    const text = this.text();
    return pattern.test(text) ? text : this.refuse(problem);
  }

  number(min: number): number {
    const number = Number(this.matching(NUMBER, 'is not a whole number'));
    return number >= min && number <= MAX_NUMBER ? number : this.refuse('is out of range');
  }

  presence(): Presence {
    const text = this.text();
    return PRESENCES.find((presence) => presence === text) ?? this.refuse(`is none of ${PRESENCES.join(', ')}`);
  }

  refuse(problem: string): never {
    throw new ValidationSetFileError(this.file, this.where, problem);
  }

  private nameOf(key: string): string {
    return this.where === 'the file' ? shown(key) : `${this.where}.${shown(key)}`;
  }
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
