import { InputNeededError } from '../cli.errors.js';
import type { CommandLineIo } from '../io.js';
import { Prompter } from '../prompt.js';

/** What was not said as an option, asked for at the terminal. @throws InputNeededError where there is none, naming the option */
export async function askUnlessGiven(
  io: CommandLineIo,
  given: string | undefined,
  { question, option }: { readonly question: string; readonly option: string },
): Promise<string> {
  if (given !== undefined) return given;
  if (!Prompter.isPossible(io)) throw new InputNeededError(`${option} is needed`);
  return Prompter.with(io, (prompter) => prompter.line(question));
}
