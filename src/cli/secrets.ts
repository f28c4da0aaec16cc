import { environmentVariable } from '../platform/config/environment.js';
import { InputNeededError } from './cli.errors.js';
import type { CommandLineIo } from './io.js';
import { Prompter } from './prompt.js';

const MAX_LINE_BYTES = 4096;

export interface SecretQuestion {
  /** As a noun phrase: `the passphrase of store.pem`. */
  readonly what: string;
  /** The environment variable that may carry it. */
  readonly variable: string;
  /** For a new secret, which is asked twice. */
  readonly isNew?: boolean;
}

/**
 * A secret from the environment, else from the terminal, where it is not shown, else the first line of standard input.
 * @throws InputNeededError saying how to give it; InterruptedError
 */
export async function readSecret(io: CommandLineIo, { what, variable, isNew }: SecretQuestion): Promise<string> {
  const given = environmentVariable(variable);
  if (given !== null) return given;
  const secret = Prompter.isPossible(io) ? await askFor(io, what, isNew === true) : await firstLine(io);
  if (secret !== '') return secret;
  throw new InputNeededError(`${what} is needed: in ${variable}, or as the first line of standard input`, { variable });
}

/** As `readSecret`, for a password that is being set; `what` comes without its article: `password for me@example.org`. */
export function newPassword(io: CommandLineIo, { what, variable }: Omit<SecretQuestion, 'isNew'>): Promise<string> {
  return readSecret(io, { what: `the ${what}`, variable, isNew: true });
}

function askFor(io: CommandLineIo, what: string, isNew: boolean): Promise<string> {
  const question = `${what.slice(0, 1).toUpperCase()}${what.slice(1)}: `;
  return Prompter.with(io, (prompter) =>
    isNew ? prompter.hiddenTwice(question, 'Again: ') : prompter.hidden(question),
  );
}

/** Of what is piped in; of a terminal that nobody looks at, nothing. */
async function firstLine(io: CommandLineIo): Promise<string> {
  if (io.stdin.isTTY === true) return '';
  let read = Buffer.alloc(0);
  for await (const chunk of io.stdin) {
    read = Buffer.concat([read, Buffer.from(chunk as Uint8Array)]);
    if (read.includes('\n') || read.length > MAX_LINE_BYTES) break;
  }
  return (read.toString('utf8').split('\n')[0] ?? '').replace(/\r$/, '').slice(0, MAX_LINE_BYTES);
}
