import { open } from 'node:fs/promises';

import { InputNeededError, InputTooLargeError } from './cli.errors.js';
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
    if (size > LIMIT_BYTES) throw new InputTooLargeError(`standard input is larger than ${LIMIT_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A whole file, as long as it is one that may be held in memory. @throws InputTooLargeError, and what the system says of it */
export async function readSmallFile(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    // One byte more than is allowed tells; a device or a pipe has no size to go by.
    const buffer = Buffer.alloc(LIMIT_BYTES + 1);
    let filled = 0;
    for (let bytesRead = 1; bytesRead > 0 && filled < buffer.length; filled += bytesRead) {
      ({ bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null));
    }
    if (filled > LIMIT_BYTES) throw new InputTooLargeError(`${path} is larger than ${LIMIT_BYTES} bytes`);
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
