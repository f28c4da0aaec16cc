import { Channel } from '../../../kernel/channel.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { wordsOf } from './search-words.js';

/** The category that holds what the operator, or else a bundle, recommends. */
export const FEATURED = 'featured';

/** Whoever types more than this is not looking for a snap. */
const MAX_TEXT = 1_000;
const MAX_WORDS = 8;
const MAX_WORD = 60;
const NAME_PART = /^[a-z0-9-]{1,40}$/;
const PLAIN = /^[a-z0-9_-]{1,64}$/;
// Commas and spaces are in none (appstream: spec 2.1.3), and a NUL could not be asked the database for.
const COMMON_ID = /^[^\s\p{C},]{1,300}$/u;

/** What a device looks for, and which of it it could use. */
export interface FindQuestion {
  /** What has to be in a snap's words, each of them or at least its beginning; empty: whatever. */
  readonly words: readonly string[];
  /** What its name has to begin with. */
  readonly prefix: string | null;
  readonly category: string | null;
  /** The AppStream id of one of its apps. */
  readonly commonId: string | null;
  /** Null: every architecture. */
  readonly architecture: string | null;
  /** Null: every confinement. */
  readonly confinements: readonly string[] | null;
  /** The channel that it is to be had from, as it was written; null: any. */
  readonly channel: string | null;
}

/** What of a found snap is to be told. */
export interface FindShape {
  /** Null: every field. */
  readonly fields: ReadonlySet<string> | null;
  /** Without a slash at the end. */
  readonly baseUrl: string;
}

/**
 * Reads the query of `v2/snaps/find` (snapd: store/store.go, Find), or that of its forerunner, which says `section` for `category`.
 * @param deviceArchitecture what the header says, for a query that does not
 * @returns null where no snap can be meant: what nobody could have asked in earnest has no answer, but is no error to snapd either
 * @throws BadRequestError, InvalidChannelError
 */
export function parseFindQuestion(parameters: URLSearchParams, deviceArchitecture: string | null): FindQuestion | null {
  const text = parameters.get('q') ?? '';
  if (text.length > MAX_TEXT) throw new BadRequestError(`a search is of at most ${MAX_TEXT} characters`);
  // The forerunner had names asked for inside the text.
  const named = /^package_name:"?([^"]*)"?$/.exec(text)?.[1];
  const words = named === undefined ? wordsOf(text).filter(({ length }) => length <= MAX_WORD) : [];
  const prefix = (named ?? given(parameters, 'name'))?.toLowerCase() ?? null;
  const category = given(parameters, 'category') ?? given(parameters, 'section');
  const commonId = given(parameters, 'common-id') ?? given(parameters, 'common_id');
  const architecture = given(parameters, 'architecture') ?? deviceArchitecture;
  const confinements = given(parameters, 'confinement')?.split(',') ?? null;
  const channel = given(parameters, 'channel');
  if (channel !== null) Channel.parse(channel);
  const isAnswerable =
    // No snap of this store belongs to a user alone.
    parameters.get('private') !== 'true' &&
    (text.trim() === '' || named !== undefined || words.length > 0) &&
    (prefix === null || NAME_PART.test(prefix)) &&
    (commonId === null || COMMON_ID.test(commonId)) &&
    [category, architecture, ...(confinements ?? [])].every((plain) => plain === null || PLAIN.test(plain));
  if (!isAnswerable) return null;
  return {
    words: words.slice(0, MAX_WORDS),
    prefix,
    category,
    commonId,
    architecture,
    confinements: confinements?.slice(0, MAX_WORDS) ?? null,
    channel,
  };
}

export function fieldsOf(parameters: URLSearchParams): ReadonlySet<string> | null {
  const fields = given(parameters, 'fields');
  return fields === null ? null : new Set(fields.split(','));
}

/** `name=` says as little as no name. */
function given(parameters: URLSearchParams, name: string): string | null {
  const value = parameters.get(name);
  return value === '' ? null : value;
}
