import { parseDocument } from 'yaml';

import { ARCHITECTURES, type Architecture, isArchitecture } from '../../kernel/architecture.js';
import { Channel } from '../../kernel/channel.js';
import { messageOf, StoreError } from '../../kernel/store-error.js';
import type { WantedPackage } from '../../modules/snap-fetch/index.js';
import { parseSnapSpec } from './snap-spec.js';

/** The file of `--from-yaml` does not say what its author means. Names the place. */
export class PackageListInvalidError extends StoreError {
  readonly code = 'package-list-invalid';

  constructor(file: string, place: string, problem: string) {
    super(`${file}: ${place} ${problem}`, { file, place });
  }
}

const KEYS = ['name', 'revision', 'push_channel', 'channels', 'architectures'];
const MAX_PACKAGES = 20_000;
const MAX_REVISION = 2 ** 31 - 1;

/**
 * Reads `packages: [{name, revision, push_channel, channels, architectures}]`, the original's keys. Only `name` has to be there; a name
 * may be in it more than once, with other revisions. Every value is text, so that the track 2.0 stays one.
 * @throws PackageListInvalidError
 */
export function parsePackageList(text: string, file: string): WantedPackage[] {
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: true });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new PackageListInvalidError(file, 'the file', `is not YAML: ${firstLine(problem.message)}`);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new PackageListInvalidError(file, 'the file', `is not plain YAML: ${messageOf(error)}`);
  }
  const root = new Place(file, 'the file', content).map(['packages']);
  const packages = root.get('packages')?.list() ?? [];
  if (packages.length === 0) throw new PackageListInvalidError(file, 'the file', 'names no packages');
  if (packages.length > MAX_PACKAGES)
    throw new PackageListInvalidError(file, 'packages', `has more than ${MAX_PACKAGES} entries`);
  return packages.map(readPackage);
}

function readPackage(place: Place): WantedPackage {
  const fields = place.map(KEYS);
  const { name, components } = (fields.get('name') ?? place.refuse('has no name')).parsed(parseSnapSpec);
  const channels = fields.get('channels')?.texts() ?? [];
  const revision = fields.get('revision')?.parsed(readRevision) ?? null;
  const pushChannel = fields.get('push_channel')?.parsed(readChannel) ?? null;
  if (pushChannel !== null && revision === null && channels.length > 1)
    place.refuse('has a push_channel, and several channels whose revisions cannot all be on it');
  return {
    name,
    components,
    channels: channels.map((channel) => channel.parsed(readChannel)),
    architectures: readArchitectures(fields.get('architectures')),
    revision,
    cohortKey: null,
    pushChannel,
  };
}

function readArchitectures(place: Place | undefined): readonly Architecture[] | null {
  const architectures = place?.texts().map((one) => one.parsed(readArchitecture)) ?? [];
  return architectures.length === 0 ? null : [...new Set(architectures)];
}

function readArchitecture(text: string): Architecture {
  if (isArchitecture(text)) return text;
  throw new TypeError(`"${text.slice(0, 40)}" is none of ${ARCHITECTURES.join(', ')}`);
}

/** As written, once it is known to be one: a missing track is the snap's default one. */
function readChannel(text: string): string {
  Channel.parse(text);
  return text;
}

function readRevision(text: string): number {
  const revision = Number(text);
  if (/^[0-9]{1,10}$/.test(text) && revision >= 1 && revision <= MAX_REVISION) return revision;
  throw new TypeError(`"${text.slice(0, 40)}" is not a revision`);
}

/** Something in the file, and where it is. */
class Place {
  constructor(
    private readonly file: string,
    private readonly path: string,
    private readonly value: unknown,
  ) {}

  map(known: readonly string[]): ReadonlyMap<string, Place> {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value))
      return this.refuse(`has to be a mapping with ${known.join(', ')}`);
    const unknown = Object.keys(this.value).find((key) => !known.includes(key));
    if (unknown !== undefined) this.refuse(`has "${unknown.slice(0, 60)}", and knows: ${known.join(', ')}`);
    return new Map(
      Object.entries(this.value)
        .filter(([, value]) => value !== null && value !== '')
        .map(([key, value]) => [key, this.below(this.path === 'the file' ? key : `${this.path}.${key}`, value)]),
    );
  }

  list(): Place[] {
    if (!Array.isArray(this.value)) return this.refuse('has to be a list');
    return this.value.map((value, index) => this.below(`${this.path}[${index}]`, value));
  }

  /** A single text counts as a list of one. */
  texts(): Place[] {
    return typeof this.value === 'string' ? [this] : this.list();
  }

  parsed<T>(parse: (text: string) => T): T {
    if (typeof this.value !== 'string') return this.refuse('has to be a text or a number');
    try {
      return parse(this.value);
    } catch (error) {
      return this.refuse(`does not fit: ${messageOf(error)}`);
    }
  }

  refuse(problem: string): never {
    throw new PackageListInvalidError(this.file, this.path, problem);
  }

  private below(path: string, value: unknown): Place {
    return new Place(this.file, path, value);
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
