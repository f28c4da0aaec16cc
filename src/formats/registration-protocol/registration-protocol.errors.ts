import { StoreError } from '../../kernel/store-error.js';

/** What came over the wire is not what docs/registration-protocol.md says that it must be. */
export class InvalidRegistrationRequestError extends StoreError {
  readonly code = 'registration-request-invalid';
}

/** A list of questions that nobody could answer as it stands. */
export class InvalidQuestionsError extends StoreError {
  readonly code = 'questions-invalid';
}

/** An answer that is missing, or that does not fit its question. */
export class InvalidAnswerError extends StoreError {
  readonly code = 'answer-invalid';

  constructor(question: string, why: string) {
    super(`the answer to "${question}" ${why}`, { question });
  }
}
