import type { Assertion } from './assertion.js';
import type { AssertionRef } from './assertion-ref.js';

/** Verified assertions, for those that are about others. */
export interface Knowledge {
  /** The newest revision in a supported format, or null. */
  find(ref: AssertionRef): Promise<Assertion | null>;
  /** Account-keys of the account that have this name. */
  accountKeysNamed(accountId: string, name: string): Promise<readonly Assertion[]>;
  /** Whether the account is a root of trust. */
  isTrustedAccount(accountId: string): boolean;
}
