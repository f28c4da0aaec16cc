import { InvalidMacaroonError } from './macaroon.errors.js';

/** What a field of a macaroon is, whichever way it is written. */
export type FieldKind =
  'location' | 'identifier' | 'caveat-id' | 'verification-id' | 'caveat-location' | 'signature' | 'end';

export interface Field {
  readonly kind: FieldKind;
  readonly value: Buffer;
}

/** Reads fields one after another, with a look at the next one. */
export class FieldReader {
  private at = 0;

  constructor(private readonly fields: readonly Field[]) {}

  get isAtEnd(): boolean {
    return this.at === this.fields.length;
  }

  /** The next field's value where it is of this kind, else null. */
  optional(kind: FieldKind): Buffer | null {
    const field = this.fields[this.at];
    if (field?.kind !== kind) return null;
    this.at += 1;
    return field.value;
  }

  /** @throws InvalidMacaroonError */
  required(kind: FieldKind): Buffer {
    const value = this.optional(kind);
    if (value !== null) return value;
    throw new InvalidMacaroonError(`the macaroon has no ${kind} where one must be`);
  }
}
