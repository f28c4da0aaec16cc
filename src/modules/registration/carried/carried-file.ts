import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { decodeAssertionStream } from '../../../formats/assertion/index.js';
import {
  decodeRegistrationBundle,
  MAX_REGISTRATION_BUNDLE_BYTES,
  readRegistrationTarball,
  type RegistrationFiles,
} from '../../../formats/registration-bundle/index.js';
import { STORE_ASSERTION_FILE } from './carried-files.js';
import type { CarriedRegistration } from './carried-registration.js';

const READ_BYTES = 1024 * 1024;

/**
 * Reads the registration that a file carries: an `offline-snap-store.tar.gz` of ours or of Canonical's, or the
 * `registration_bundle.b64` out of one, with the `proxy.assert` beside it where there is one.
 * @throws RegistrationBundleError, AssertionRefusedError, BundleError of the fitting kind; what the system says of the file
 */
export async function readCarriedFile(file: string, signal: AbortSignal): Promise<CarriedRegistration> {
  const { bundle, storeAssertion } = await readFiles(file, signal);
  const chain = storeAssertion === null ? [] : await decodeAssertionStream(storeAssertion);
  return { file, bundle: await decodeRegistrationBundle(bundle, file, chain) };
}

async function readFiles(file: string, signal: AbortSignal): Promise<RegistrationFiles> {
  const handle = await open(file, 'r');
  try {
    const start = await head(handle);
    if (start[0] === 0x1f && start[1] === 0x8b) {
      return await readRegistrationTarball(piecesOf(handle, start), file, signal);
    }
    const storeAssertion = await readBeside(file);
    return { bundle: start, storeAssertion };
  } finally {
    await handle.close();
  }
}

/** One byte more than a bare bundle may have, so that a longer one is told from it. */
async function head(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(MAX_REGISTRATION_BUNDLE_BYTES + 1);
  let filled = 0;
  for (let bytesRead = 1; bytesRead > 0 && filled < buffer.length; filled += bytesRead) {
    ({ bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null));
  }
  return buffer.subarray(0, filled);
}

async function* piecesOf(handle: FileHandle, start: Buffer): AsyncGenerator<Buffer> {
  yield start;
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readBeside(file: string): Promise<Buffer | null> {
  let handle: FileHandle;
  try {
    handle = await open(join(dirname(file), STORE_ASSERTION_FILE), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return await head(handle);
  } finally {
    await handle.close();
  }
}
