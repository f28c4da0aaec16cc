import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ProgramNotPackableError } from './offline-bundle.errors.js';

const READ_BYTES = 1024 * 1024;
export const EXECUTABLE = 0o755;
export const READABLE = 0o644;
/** For its owner alone: what holds a key. */
export const PRIVATE = 0o600;

/** A file of the bundle. */
export interface Member {
  /** Below the bundle's folder. */
  readonly path: string;
  readonly mode: number;
  readonly sizeBytes: number;
  /** Read once. */
  content(): AsyncIterable<Uint8Array>;
}

export function textMember(path: string, text: string | Buffer, mode = READABLE): Member {
  const bytes = Buffer.from(text);
  return { path, mode, sizeBytes: bytes.length, content: () => only(bytes) };
}

/** @throws ProgramNotPackableError unless it is a regular file */
export async function fileMember(path: string, file: string, mode?: number): Promise<Member> {
  const status = await lstat(file).catch((error: unknown) => {
    throw new ProgramNotPackableError(
      `${file}, which belongs to the program, is not there`,
      { file },
      { cause: error },
    );
  });
  if (!status.isFile()) throw new ProgramNotPackableError(`${file} is not a regular file`, { file });
  return {
    path,
    mode: mode ?? ((status.mode & 0o111) === 0 ? READABLE : EXECUTABLE),
    sizeBytes: status.size,
    // A stream takes all of its buffer at once, and most files are small.
    content: () =>
      createReadStream(file, { highWaterMark: Math.min(READ_BYTES, status.size + 1) }) as AsyncIterable<Uint8Array>,
  };
}

/**
 * Every file below a folder, in an order that depends on the names alone. Links are not followed and not carried.
 * @param wanted says of a path below the folder whether it comes along; folders are asked about too
 */
export async function* folderMembers(
  prefix: string,
  folder: string,
  wanted: (path: string, isFolder: boolean) => boolean,
  below = '',
): AsyncGenerator<Member> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (!wanted(path, entry.isDirectory())) continue;
    if (entry.isDirectory()) yield* folderMembers(prefix, folder, wanted, path);
    else if (entry.isFile()) yield await fileMember(`${prefix}/${path}`, join(folder, path));
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
