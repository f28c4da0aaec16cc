import { Command, type ParseOptionsResult } from 'commander';

/** Ids of keys and digests as assertions write them: SHA3-384 in base64url. One in 64 of them begins with a dash. */
const DASHED_ID = /^-[A-Za-z0-9_-]{63}$/;
/** In front of such an id while commander tells options from arguments. No argument of a process can hold it. */
const SHIELD = '\0';

/**
 * A command that takes ids as they are printed: what has the form of one is never an option, though it may begin with `-`
 * or `--`.
 */
export class StoreCommand extends Command {
  override createCommand(name?: string): StoreCommand {
    return new StoreCommand(name);
  }

  override parseOptions(args: string[]): ParseOptionsResult {
    const { operands, unknown } = super.parseOptions(
      args.map((arg, at) => (DASHED_ID.test(arg) && !this.takesValue(args[at - 1]) ? SHIELD + arg : arg)),
    );
    return { operands: operands.map(unshielded), unknown: unknown.map(unshielded) };
  }

  /** Commander takes what follows such an option as it is. */
  private takesValue(arg = ''): boolean {
    return this.options.some((option) => option.required && (option.long === arg || option.short === arg));
  }
}

function unshielded(arg: string): string {
  return arg.startsWith(SHIELD) ? arg.slice(SHIELD.length) : arg;
}
