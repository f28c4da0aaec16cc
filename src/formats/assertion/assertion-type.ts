import type { RsaPublicKey } from '../openpgp/index.js';
import type { Assertion } from './assertion.js';
import type { AssertionRef } from './assertion-ref.js';
import type { HeaderMap } from './headers.js';
import type { Knowledge } from './knowledge.js';

/** What is known of an assertion while its type's own rules are checked. */
export interface AssertionParts {
  readonly headers: HeaderMap;
  readonly body: Buffer;
  readonly format: number;
  /** Empty for the types without authority. */
  readonly authorityId: string;
}

/** The rules of one assertion type, as snapd keeps them (asserts/asserts.go and the file of the type). */
export interface AssertionType {
  readonly name: string;
  /** The headers that identify an assertion of the type, in order; the optional ones come last. */
  readonly primaryKey: readonly string[];
  /** What an optional key is when it is left out. */
  readonly optionalKeyDefaults: Readonly<Record<string, string>>;
  /** The last key is a number that counts up. */
  readonly isSequenceForming: boolean;
  /** The highest format that this program understands. */
  readonly maxFormat: number;
  /** `none`: no `authority-id`, signed by a key that the assertion itself or another one names. */
  readonly authority: 'account' | 'none';
  /** `repair`: signed by a key below the repairs' own root of trust, and by no other. */
  readonly trust: 'general' | 'repair';
  /** What snapd takes at most. */
  readonly maxBodyBytes: number;
  /** Something that a store keeps and hands out, and not a request to a service. */
  readonly isKept: boolean;
  /** The body is JSON in the one form that snapd accepts. */
  readonly hasJsonBody: boolean;
  /** When it was issued must lie within its signing key's validity. */
  readonly isTimestamped: boolean;
  /**
   * Types of a lower rank are never about those of a higher one: verifying a batch rank by rank, each to its end, needs no
   * other order.
   */
  readonly rank: 0 | 1 | 2 | 3;

  /** @throws AssertionRefusedError, stage `decode` */
  validate(parts: AssertionParts): void;
  /** The assertions that a device asks for before it takes this one, the signing account-key aside. */
  prerequisites(assertion: Assertion): AssertionRef[];
  /** @throws AssertionRefusedError, stage `check` */
  checkConsistency(assertion: Assertion, knowledge: Knowledge): Promise<void>;
  /** For types without authority: the key that must have signed. @throws AssertionRefusedError, stage `check` */
  signingKey(assertion: Assertion, knowledge: Knowledge): Promise<RsaPublicKey>;
  /** The lowest format in which these headers mean what they say. */
  formatNeeded(headers: HeaderMap): number;
}
