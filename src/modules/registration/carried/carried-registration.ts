import type { RegistrationBundle } from '../../../formats/registration-bundle/index.js';

/** A registration as a file brought it; nothing of it has been verified. */
export interface CarriedRegistration {
  readonly bundle: RegistrationBundle;
  /** Where it came from, for errors. */
  readonly file: string;
}
