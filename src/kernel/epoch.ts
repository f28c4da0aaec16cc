import { StoreError } from './store-error.js';

export class InvalidEpochError extends StoreError {
  readonly code = 'invalid-epoch';
}

const MAX_ENTRIES = 10;

/** Which data a revision of a snap writes, and which it can still read (snapd: snap/epoch.go). */
export interface Epoch {
  readonly read: readonly number[];
  readonly write: readonly number[];
}

export const EPOCH_ZERO: Epoch = { read: [0], write: [0] };

/**
 * Reads an epoch as snap.yaml or a device writes it: absent, `0`, `1*` (reads one older too) or `{read, write}` lists.
 * A list that is missing takes the other's values.
 * @throws InvalidEpochError
 */
export function parseEpoch(value: unknown): Epoch {
  if (value === undefined || value === null || value === '') return EPOCH_ZERO;
  if (typeof value === 'number' || typeof value === 'string') return fromShortForm(String(value));
  if (typeof value !== 'object')
    throw new InvalidEpochError('an epoch is a number, a number with a star, or read and write lists');
  const { read, write } = value as { read?: unknown; write?: unknown };
  const readList = read === undefined || read === null ? null : parseList(read, 'read');
  const writeList = write === undefined || write === null ? null : parseList(write, 'write');
  const epoch = { read: readList ?? writeList ?? [0], write: writeList ?? readList ?? [0] };
  if (!epoch.read.some((number) => epoch.write.includes(number))) {
    throw new InvalidEpochError('an epoch must read something that it writes');
  }
  return epoch;
}

/** Whether a revision of this epoch can take over data that the other one wrote. */
export function canRead(reader: Epoch, writer: Epoch): boolean {
  return reader.read.some((number) => writer.write.includes(number));
}

function fromShortForm(text: string): Epoch {
  const match = /^(0|[1-9][0-9]{0,9})(\*?)$/.exec(text);
  const number = Number(match?.[1] ?? NaN);
  const star = match?.[2] === '*';
  if (!Number.isInteger(number) || number > 0xffff_ffff || (star && number === 0)) {
    throw new InvalidEpochError(`"${text.slice(0, 40)}" is not an epoch`);
  }
  return { read: star ? [number - 1, number] : [number], write: [number] };
}

function parseList(value: unknown, name: string): number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ENTRIES) {
    throw new InvalidEpochError(`an epoch's ${name} list has 1 to ${MAX_ENTRIES} numbers`);
  }
  const numbers = value.map(Number);
  const rising = numbers.every(
    (number, index) =>
      Number.isInteger(number) &&
      number >= 0 &&
      number <= 0xffff_ffff &&
      (index === 0 || number > (numbers[index - 1] ?? 0)),
  );
  if (!rising) throw new InvalidEpochError(`an epoch's ${name} list has rising whole numbers`);
  return numbers;
}
