import { StoreError } from '../../../kernel/store-error.js';

const MAX_SHOWN = 20;

/** The online store does not have all that a device would ask for. Names everything that is missing, and who needs it. */
export class NotOfferedError extends StoreError {
  readonly code = 'not-offered';

  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, MAX_SHOWN);
    const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
    super(`${shown.join('; ')}${more}`, { problems: shown });
  }
}

/** The other side is said to hold something else under a revision than what the online store has. */
export class HoldingsConflictError extends StoreError {
  readonly code = 'holdings-conflict';

  constructor(source: string, what: string) {
    super(`${source}: ${what} has another digest there than in the online store`, { source, what });
  }
}

/** What was asked for would put two revisions on one channel. */
export class ReleaseConflictError extends StoreError {
  readonly code = 'release-conflict';

  constructor(
    { name, architecture }: { readonly name: string; readonly architecture: string },
    channel: string,
    revisions: readonly [number, number],
  ) {
    const [one, other] = revisions;
    super(`${name}: ${channel} for ${architecture} would be both revision ${one} and revision ${other}`, {
      name,
      channel,
      architecture,
      revisions,
    });
  }
}
