import { StoreError } from '../../kernel/store-error.js';

/** `decode`: the bytes are no assertion of their type; `check`: they are, and it does not hold against what else is known. */
export type RefusalStage = 'decode' | 'check';

/** Why, for programs: the sentence may get better, these stay. */
export type RefusalReason =
  // decode
  | 'too-large'
  | 'truncated'
  | 'separator'
  | 'headers'
  | 'body'
  | 'unknown-type'
  | 'type-rule'
  | 'no-signature'
  // check
  | 'format-unsupported'
  | 'signature-malformed'
  | 'signature-wrong'
  | 'key-unknown'
  | 'key-of-another-account'
  | 'key-not-valid-now'
  | 'key-not-valid-then'
  | 'key-constraints'
  | 'not-checkable'
  | 'not-trusted-authority'
  | 'not-below-repair-root'
  | 'prerequisite-missing'
  | 'consistency'
  | 'root-clash'
  | 'revision-conflict'
  | 'not-stored';

export interface Refusal {
  readonly stage: RefusalStage;
  readonly reason: RefusalReason;
  /** As far as it could be read. */
  readonly type?: string;
  /** `type/key/…`, as far as it could be read. */
  readonly assertion?: string;
}

/** An assertion that is not taken: it does not parse, is not signed as it must be, or contradicts what else is known. */
export class AssertionRefusedError extends StoreError {
  readonly code = 'assertion-refused';
  readonly stage: RefusalStage;
  readonly reason: RefusalReason;

  constructor(
    message: string,
    readonly refusal: Refusal,
    options?: ErrorOptions,
  ) {
    super(message, { ...refusal }, options);
    this.stage = refusal.stage;
    this.reason = refusal.reason;
  }
}

/** For an assertion that does not parse. */
export function malformed(reason: RefusalReason, message: string, options?: ErrorOptions): AssertionRefusedError {
  return new AssertionRefusedError(message, { stage: 'decode', reason }, options);
}
