import { mkdir } from 'node:fs/promises';

/** Makes the folder and those above it where they are missing; what is made is open to its owner only. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}
