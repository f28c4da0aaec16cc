import { EPOCH_ZERO, parseEpoch, type Epoch } from '../../../kernel/epoch.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { parseTerms, type RefreshTerms } from './refresh-terms.js';

/** What a device has installed, as it tells with every refresh request. */
export interface ContextSnap {
  readonly instanceKey: string;
  readonly snapId: string;
  readonly revision: number;
  readonly trackingChannel: string;
  readonly epoch: Epoch | null;
  /** Null where it is held to nothing. */
  readonly terms: RefreshTerms | null;
}

export interface SnapAction {
  readonly action: 'install' | 'refresh' | 'download';
  readonly instanceKey: string;
  readonly name: string | null;
  readonly snapId: string | null;
  readonly channel: string | null;
  readonly revision: number | null;
  readonly epoch: Epoch | null;
  /** Null where it is held to nothing. */
  readonly terms: RefreshTerms | null;
}

/** An assertion of which a device wants to have the newest. */
export interface WantedAssertion {
  readonly type: string;
  /** Optional keys may be missing. */
  readonly primaryKey: readonly string[];
  /** The revision that the device has, or null. */
  readonly ifNewerThan: number | null;
}

/** As `WantedAssertion`, by its place in a sequence. */
export interface WantedSequence {
  readonly type: string;
  /** The primary key without its last part. */
  readonly sequenceKey: readonly string[];
  /** Exactly this one, or null. */
  readonly sequence: number | null;
  /** This one in a newer revision, or a later one; null for the latest. */
  readonly ifSequenceEqualOrNewerThan: number | null;
  readonly ifNewerThan: number | null;
}

export interface FetchAssertionsAction {
  readonly action: 'fetch-assertions';
  /** Means something to the device only. */
  readonly key: string;
  readonly assertions: readonly (WantedAssertion | WantedSequence)[];
}

/** An action that this store does not know: a newer snapd may have one. */
export interface UnknownAction {
  readonly action: 'unknown';
  readonly said: string;
  readonly instanceKey: string;
  readonly name: string | null;
}

export type RefreshAction = SnapAction | FetchAssertionsAction | UnknownAction;

export interface RefreshRequest {
  /** By instance-key. */
  readonly context: ReadonlyMap<string, ContextSnap>;
  readonly actions: readonly RefreshAction[];
  /** By assertion type; 0 for types that are not named. */
  readonly maxFormats: ReadonlyMap<string, number>;
  /** Whether the device asks for components (`resources` in `fields`); where it names no fields, it asks for all. */
  wantsComponents(): boolean;
}

/** Enough for the largest devices several times over (snapd asks for 256 groups of assertions at once, assertstate/bulk.go). */
export const REFRESH_LIMITS = {
  bodyBytes: 4 * 1024 * 1024,
  snaps: 2_000,
  actions: 2_000,
  assertions: 10_000,
  text: 512,
};

const MAX_KEYS = 10;
const MAX_FORMATS = 100;

/**
 * Reads the body of `POST v2/snaps/refresh` (snapd: store/store_action.go). Fields that are not known are passed over, since
 * snapd adds some with most releases; those that are known must be what they should be. Written out by hand rather than with
 * decorators: this is the request that a fleet sends most, and decorators would be most of what it costs (see README.md).
 * @throws BadRequestError naming the field
 */
export function parseRefreshRequest(body: unknown): RefreshRequest {
  const request = record(body, 'the body');
  const context = new Map<string, ContextSnap>();
  const snaps = list(request.context, 'context', REFRESH_LIMITS.snaps);
  let assertions = 0;
  for (const installed of each(snaps, 'context', parseContextSnap)) {
    context.set(installed.instanceKey, installed);
    assertions += installed.terms?.validationSets.length ?? 0;
  }
  const actions = each(list(request.actions, 'actions', REFRESH_LIMITS.actions), 'actions', parseAction);
  for (const action of actions) assertions += assertionsOf(action);
  if (assertions > REFRESH_LIMITS.assertions) {
    throw new BadRequestError(`one request may name up to ${REFRESH_LIMITS.assertions} assertions`);
  }
  if (actions.length === 0) throw new BadRequestError('actions is empty');
  const { fields } = request;
  return {
    context,
    actions,
    maxFormats: parseMaxFormats(request['assertion-max-formats']),
    wantsComponents: () => !Array.isArray(fields) || fields.includes('resources'),
  };
}

/** Each may have to be looked up. */
function assertionsOf(action: RefreshAction): number {
  if (action.action === 'fetch-assertions') return action.assertions.length;
  return action.action === 'unknown' ? 0 : (action.terms?.validationSets.length ?? 0);
}

function parseContextSnap(snap: Record<string, unknown>): ContextSnap {
  return {
    instanceKey: text(snap['instance-key'], 'instance-key'),
    snapId: text(snap['snap-id'], 'snap-id'),
    revision: integer(snap.revision, 'revision'),
    trackingChannel: optionalText(snap['tracking-channel'], 'tracking-channel') ?? 'stable',
    epoch: optionalEpoch(snap.epoch, 'epoch'),
    terms: parseTerms(snap),
  };
}

function parseAction(action: Record<string, unknown>): RefreshAction {
  const said = text(action.action, 'action');
  if (said === 'fetch-assertions') {
    const wanted = list(action.assertions, 'assertions', REFRESH_LIMITS.assertions);
    return {
      action: said,
      key: optionalText(action.key, 'key') ?? '',
      assertions: each(wanted, 'assertions', parseWanted),
    };
  }
  const instanceKey = text(action['instance-key'], 'instance-key');
  const name = optionalText(action.name, 'name');
  if (said !== 'install' && said !== 'refresh' && said !== 'download') {
    return { action: 'unknown', said, instanceKey, name };
  }
  return {
    action: said,
    instanceKey,
    name,
    snapId: optionalText(action['snap-id'], 'snap-id'),
    channel: optionalText(action.channel, 'channel'),
    revision: optionalNumber(action.revision, 'revision', 1),
    epoch: optionalEpoch(action.epoch, 'epoch'),
    terms: parseTerms(action),
  };
}

function parseWanted(wanted: Record<string, unknown>): WantedAssertion | WantedSequence {
  const type = text(wanted.type, 'type');
  const ifNewerThan = optionalNumber(wanted['if-newer-than'], 'if-newer-than', 0);
  if (isAbsent(wanted['sequence-key'])) {
    return { type, primaryKey: textList(wanted['primary-key'], 'primary-key'), ifNewerThan };
  }
  const atLeast = 'if-sequence-equal-or-newer-than';
  return {
    type,
    sequenceKey: textList(wanted['sequence-key'], 'sequence-key'),
    sequence: optionalNumber(wanted.sequence, 'sequence', 1),
    ifSequenceEqualOrNewerThan: optionalNumber(wanted[atLeast], atLeast, 1),
    ifNewerThan,
  };
}

function parseMaxFormats(value: unknown): Map<string, number> {
  if (isAbsent(value)) return new Map();
  const formats = Object.entries(record(value, 'assertion-max-formats'));
  if (formats.length > MAX_FORMATS) throw new BadRequestError('assertion-max-formats names too many types');
  return new Map(formats.map(([type, format]) => [type, whole(format, 'assertion-max-formats', 0)]));
}

/** Reads every item; what is wrong with one is said with its place, which is not written down before it is needed. */
function each<T>(items: readonly unknown[], where: string, read: (item: Record<string, unknown>) => T): T[] {
  const result: T[] = [];
  for (const item of items) {
    try {
      result.push(read(record(item, 'it')));
    } catch (error) {
      if (!(error instanceof BadRequestError)) throw error;
      throw new BadRequestError(`${where}[${result.length}]: ${error.message}`);
    }
  }
  return result;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new BadRequestError(`${where} is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

/** An absent list is an empty one. */
function list(value: unknown, where: string, max: number): unknown[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw new BadRequestError(`${where} is not a list`);
  if (value.length > max) throw new BadRequestError(`${where} has more than ${max} entries`);
  return value;
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw new BadRequestError(`${where} is not a text`);
  if (value.length > REFRESH_LIMITS.text) throw new BadRequestError(`${where} is too long`);
  return value;
}

/** snapd leaves out what it has nothing for, and some of its fields come empty. */
function optionalText(value: unknown, where: string): string | null {
  return isAbsent(value) || value === '' ? null : text(value, where);
}

function textList(value: unknown, where: string): string[] {
  const items = list(value, where, MAX_KEYS);
  if (items.length === 0) throw new BadRequestError(`${where} is empty`);
  return items.map((item) => text(item, where));
}

function integer(value: unknown, where: string): number {
  if (!Number.isSafeInteger(value)) throw new BadRequestError(`${where} is not a whole number`);
  return value as number;
}

function whole(value: unknown, where: string, min: number): number {
  const number = integer(value, where);
  if (number < min || number > 0x7fff_ffff) throw new BadRequestError(`${where} is out of range`);
  return number;
}

function optionalNumber(value: unknown, where: string, min: number): number | null {
  return isAbsent(value) ? null : whole(value, where, min);
}

function optionalEpoch(value: unknown, where: string): Epoch | null {
  if (isAbsent(value)) return null;
  if (isEpochZero(value)) return EPOCH_ZERO;
  try {
    return parseEpoch(value);
  } catch (error) {
    throw new BadRequestError(`${where}: ${error instanceof Error ? error.message : 'not an epoch'}`);
  }
}

/** Nearly every snap has this one, in the form in which snapd writes it. */
function isEpochZero(value: unknown): boolean {
  const { read, write } = value as { read?: unknown; write?: unknown };
  return isJustZero(read) && isJustZero(write);
}

function isJustZero(list: unknown): boolean {
  return Array.isArray(list) && list.length === 1 && list[0] === 0;
}
