import { environmentVariable } from '../platform/config/environment.js';
import { InputNeededError } from './cli.errors.js';
import type { CommandLineIo } from './io.js';
import { Prompter } from './prompt.js';

const LIMIT_BYTES = 64 * 1024;

export interface NewPassword {
  /** The environment variable that may carry it. */
  readonly variable: string;
  /** Such as `password for me@example.org`. */
  readonly what: string;
}

/**
 * A password that is being set: from the environment, typed twice where there is a terminal, or the first line of standard input.
 * @throws InputNeededError saying where it could have come from
 */
export async function newPassword(io: CommandLineIo, { variable, what }: NewPassword): Promise<string> {
  const given = environmentVariable(variable);
  if (given !== null) return given;
  if (Prompter.isPossible(io)) {
    return Prompter.with(io, (prompter) => prompter.hiddenTwice(`${capitalized(what)}: `, 'The same again: '));
  }
  const line = io.stdin.isTTY === true ? '' : await firstLine(io);
  if (line !== '') return line;
  throw new InputNeededError(
    `the ${what} is needed, and there is no terminal to ask at: set ${variable}, or pipe it in`,
  );
}

async function firstLine(io: CommandLineIo): Promise<string> {
  let text = '';
  for await (const chunk of io.stdin) {
    text += Buffer.from(chunk as Uint8Array).toString('utf8');
    if (text.includes('\n') || text.length > LIMIT_BYTES) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
