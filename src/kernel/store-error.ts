/** What an error may tell its reader: names, numbers and identifiers, never secrets and never whole inputs. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;

/**
 * The one base of everything that the store refuses or fails at by decision. `code` is stable and part of the interface:
 * `platform/http` maps it to a status, `cli` to an exit code. The message is one sentence that names the thing.
 */
export abstract class StoreError extends Error {
  abstract readonly code: string;

  constructor(
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The sentence to show for anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
