import { AssertionRef } from './assertion-ref.js';
import type { AssertionType } from './assertion-type.js';
import type { HeaderMap } from './headers.js';

const SEPARATOR = Buffer.from('\n\n');

export interface AssertionFields {
  readonly type: AssertionType;
  readonly headers: HeaderMap;
  readonly body: Buffer;
  readonly revision: number;
  readonly format: number;
  readonly content: Buffer;
  readonly signature: Buffer;
}

/**
 * An assertion whose form is right for its type; whether it holds is for the verifier. Never changes. Only `decodeAssertion`,
 * `readAssertionStream` and `signAssertion` make one.
 */
export class Assertion {
  readonly type: AssertionType;
  /** Optional primary keys are there with their defaults even when the signed bytes leave them out. */
  readonly headers: HeaderMap;
  readonly body: Buffer;
  readonly revision: number;
  readonly format: number;
  /** What is signed: from the first header to the end of the body. */
  readonly content: Buffer;
  /** What stands below the content, as it stands there. */
  readonly signature: Buffer;
  readonly ref: AssertionRef;

  constructor(fields: AssertionFields) {
    this.type = fields.type;
    this.headers = fields.headers;
    this.body = fields.body;
    this.revision = fields.revision;
    this.format = fields.format;
    this.content = fields.content;
    this.signature = fields.signature;
    this.ref = new AssertionRef(
      fields.type,
      fields.type.primaryKey.map((name) => this.text(name)),
    );
    Object.freeze(this);
  }

  /** Full: optional keys are there with their defaults. */
  get primaryKey(): readonly string[] {
    return this.ref.primaryKey;
  }

  get reducedPrimaryKey(): readonly string[] {
    return this.ref.reducedPrimaryKey;
  }

  /** The number in its sequence, or null where the type forms none. */
  get sequence(): number | null {
    return this.type.isSequenceForming ? Number(this.primaryKey.at(-1)) : null;
  }

  /** The account that vouches; empty for types without authority. */
  get authorityId(): string {
    return this.text('authority-id');
  }

  /** SHA3-384 of the signing key, base64url without padding. */
  get signKeyId(): string {
    return this.text('sign-key-sha3-384');
  }

  /** The header's text, or an empty one where it is absent or no text. */
  text(header: string): string {
    const value = this.headers[header];
    return typeof value === 'string' ? value : '';
  }

  /** Byte for byte what was decoded or signed. */
  get encoded(): Buffer {
    return Buffer.concat([this.content, SEPARATOR, this.signature]);
  }

  isSameAs(other: Assertion): boolean {
    return this.content.equals(other.content) && this.signature.equals(other.signature);
  }

  /** `type/key/…`, safe to show. */
  toString(): string {
    return this.ref.toString();
  }
}
