import { createReadStream } from 'node:fs';

import {
  type Assertion,
  AssertionRefusedError,
  builtinRoots,
  decodeAssertion,
  readAssertionStream,
  type TrustedRoots,
} from '../../formats/assertion/index.js';
import { messageOf } from '../../kernel/store-error.js';
import { AssertionFileError } from './assertions.errors.js';

const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file of one assertion or of several, as `snap download` writes them.
 * @throws AssertionRefusedError where any part of it does not parse
 * @throws AssertionFileError where it cannot be read or is larger than 64 MiB
 */
export async function readAssertionFile(path: string): Promise<Assertion[]> {
  const bytes = await readFile(path);
  const assertions: Assertion[] = [];
  for await (const assertion of readAssertionStream(once(bytes))) assertions.push(assertion);
  // A stream forgives line ends that a single assertion does not.
  return assertions.length === 1 ? [decodeAssertion(bytes)] : assertions;
}

/**
 * Canonical's roots and those in these files.
 * @param repairRootFiles account-keys that repairs are trusted from, beside Canonical's
 * @throws AssertionFileError naming the file that cannot be read or has no assertions in it
 * @throws AssertionRefusedError for an assertion that cannot be a root
 */
export async function readTrustedRoots(
  extraRootFiles: readonly string[],
  repairRootFiles: readonly string[] = [],
): Promise<TrustedRoots> {
  const roots = builtinRoots().with(await readRootFiles(extraRootFiles));
  return roots.withRepairKeys(await readRootFiles(repairRootFiles));
}

async function readRootFiles(paths: readonly string[]): Promise<Assertion[]> {
  const all: Assertion[] = [];
  for (const path of paths) {
    const assertions = await readAssertionFile(path).catch((error: unknown) => {
      if (!(error instanceof AssertionRefusedError)) throw error;
      throw new AssertionFileError(path, `is not a file of assertions: ${error.message}`, { cause: error });
    });
    if (assertions.length === 0) throw new AssertionFileError(path, 'has no assertions in it');
    all.push(...assertions);
  }
  return all;
}

async function readFile(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_FILE_BYTES) throw new AssertionFileError(path, `is larger than ${MAX_FILE_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof AssertionFileError) throw error;
    throw new AssertionFileError(path, `cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return Buffer.concat(chunks);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
