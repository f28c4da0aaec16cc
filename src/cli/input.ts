import { InputNeededError, UsageError } from './cli.errors.js';
import type { CommandLineIo } from './io.js';

const LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * All of standard input as text.
 * @throws InputNeededError where it is a terminal: nobody types YAML or keys there by intention
 */
export async function readInput(io: CommandLineIo, what: string): Promise<string> {
  if (io.stdin.isTTY === true)
    throw new InputNeededError(`${what} is read from standard input: redirect a file or a pipe`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > LIMIT_BYTES) throw new UsageError(`standard input is larger than ${LIMIT_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
