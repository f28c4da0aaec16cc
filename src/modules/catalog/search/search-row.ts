import type { Assertion } from '../../../formats/assertion/index.js';
import { defaultTrackOf } from '../default-track.js';
import type { Snap } from '../entities/snap.entity.js';
import type { ReleaseRow } from '../releases-in-force.js';
import type { RevisionFacts } from '../repositories/revision.repository.js';
import { describeSnap } from '../snapshot/describe-snap.js';
import { picturesOf } from '../snapshot/pictures.js';
import { publisherOf } from '../snapshot/publisher.js';
import { curatedCategories, type CuratorsWord } from './curated-categories.js';
import { FEATURED } from './find-question.js';
import { type Offers, offersOf } from './offers.js';
import { squashed, wordsOf } from './search-words.js';
import { commandsOf, type SnapCommands } from './snap-commands.js';
import type { FoundWords } from './snap-search.entity.js';

/** All that a row is made from. */
export interface SearchSource {
  readonly snap: Snap;
  /** Newest first. */
  readonly facts: readonly RevisionFacts[];
  /** Of the newest revision; empty where none is held. */
  readonly snapYaml: string;
  readonly releases: readonly ReleaseRow[];
  /** Null where it is not held. */
  readonly account: Assertion | null;
  readonly declaration: Assertion | null;
  readonly word: CuratorsWord;
}

/** What is written of a snap; the texts become its heading and document, the weightiest first. */
export interface SearchRow {
  readonly snap_id: string;
  readonly name: string;
  readonly keys: readonly string[];
  readonly names: string;
  readonly text_a: string;
  readonly text_b: string;
  readonly text_c: string;
  readonly text_d: string;
  readonly architectures: readonly string[];
  readonly confinements: readonly string[];
  readonly categories: readonly string[];
  readonly featured: number | null;
  readonly common_ids: readonly string[];
  readonly words: FoundWords;
  readonly offers: Offers;
  readonly commands: SnapCommands;
}

/** What of a text is looked through: more says nothing new, and a document has a limit. */
const MAX_DESCRIPTION = 10_000;
const MAX_SUMMARY = 1_000;
const MAX_TITLE = 200;
const MAX_NAMES = 2_000;
const CATEGORY = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function searchRow(source: SearchSource): SearchRow {
  const { snap, facts, snapYaml, account, declaration, word } = source;
  const { snapId, name, metadata, publisherId } = snap;
  const media = picturesOf(metadata, facts[0]?.icon ?? null);
  const told = { ...describeSnap(snapYaml), ...metadata, media };
  const curated = curatedCategories(told.categories ?? [], word);
  const publisher = publisherOf(publisherId, account);
  const commands = commandsOf(snapYaml, declaration);
  // An empty name takes the declaration back (snapd: asserts/snap_asserts.go).
  const isRevoked = declaration?.text('snap-name') === '';
  const offers = offersOf({
    defaultTrack: defaultTrackOf(snap),
    revisions: new Map(facts.map((fact) => [fact.revision, { ...fact, sizeBytes: Number(fact.sizeBytes) }])),
    releases: isRevoked ? [] : source.releases,
    past: [],
  });
  const offered = Object.values(offers.revisions);
  const title = (told.title ?? name).slice(0, MAX_TITLE);
  const apps = [...commands.apps, ...commands.aliases.map((alias) => alias.name)];
  const plain = (...texts: readonly string[]): string => texts.flatMap(wordsOf).join(' ');
  return {
    snap_id: snapId,
    name,
    keys: distinct([squashed(name), squashed(title)]),
    names: distinct([...wordsOf(name), ...wordsOf(title), ...apps.flatMap(wordsOf)])
      .join(' ')
      .slice(0, MAX_NAMES),
    text_a: plain(name, squashed(name), title),
    text_b: plain(...apps, publisher.username, publisher['display-name']).slice(0, MAX_NAMES),
    text_c: plain((told.summary ?? '').slice(0, MAX_SUMMARY)),
    text_d: plain((told.description ?? '').slice(0, MAX_DESCRIPTION)),
    architectures: Object.keys(offers.byArchitecture).filter(
      (architecture) => (offers.byArchitecture[architecture] ?? []).length > 0,
    ),
    confinements: distinct(offered.map(({ confinement }) => confinement)),
    categories: distinct([
      ...curated.categories.map((category) => category.name).filter((category) => CATEGORY.test(category)),
      ...(curated.featured === null ? [] : [FEATURED]),
    ]),
    featured: curated.featured,
    common_ids: distinct(offered.flatMap(({ commonIds }) => commonIds)),
    words: { ...told, title: told.title ?? name, categories: curated.categories, publisher },
    offers,
    commands,
  };
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
