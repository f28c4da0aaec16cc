import { StoreError } from '../kernel/store-error.js';

/** The command line itself is wrong: an unknown command or flag, a missing argument, two that exclude each other. */
export class UsageError extends StoreError {
  readonly code = 'usage';

  constructor(
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
  }
}

/** The configuration holds secrets and does not go to a screen. */
export class TerminalOutputRefusedError extends StoreError {
  readonly code = 'terminal-output-refused';
}

/** Standard input should carry something, and is a terminal. */
export class InputNeededError extends StoreError {
  readonly code = 'input-needed';
}

/** A signal asked the command to stop. */
export class InterruptedError extends StoreError {
  readonly code = 'interrupted';
}

/** More than anybody would hand to this command by intention. */
export class InputTooLargeError extends StoreError {
  readonly code = 'input-too-large';
}

export class AssertionNotHeldError extends StoreError {
  readonly code = 'assertion-not-held';
}

/** There is nobody to register with, and nobody was contacted. */
export class AuthorityNotConfiguredError extends StoreError {
  readonly code = 'authority-not-configured';

  constructor() {
    super(
      'no registration authority is configured, so nobody was contacted: proxy.dashboard.location and proxy.sso.location ' +
        "have no default, because Canonical's own registration service is closed",
      { settings: ['proxy.dashboard.location', 'proxy.sso.location'] },
    );
  }
}
