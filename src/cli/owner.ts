import { access, constants, stat } from 'node:fs/promises';

import { StoreError } from '../kernel/store-error.js';

/** Whoever owns the data folder has to be able to read the program too. */
export class ProgramUnreadableError extends StoreError {
  readonly code = 'program-unreadable';
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * As root on a data folder that somebody else owns, becomes that user for good, so that nothing in it ends up out of the
 * owner's reach. What only root may read must be open by now. The embedded database does the same by itself.
 */
export async function becomeOwnerOf(dataDir: string): Promise<void> {
  const owner = await ownerToBecome(dataDir);
  if (owner === null) return;
  // The order is the point: a process that has given up its user can no longer give up its groups.
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  const program = import.meta.dirname;
  await access(program, constants.R_OK | constants.X_OK).catch((error: unknown) => {
    const message = `user ${owner.uid}, who owns ${dataDir}, cannot read the program in ${program}`;
    throw new ProgramUnreadableError(message, { uid: owner.uid, dataDir, program }, { cause: error });
  });
}

/** Null where this process is not root, or the folder is root's or not there yet: then it will be of whoever makes it. */
export async function ownerToBecome(dataDir: string): Promise<Owner | null> {
  if (process.geteuid?.() !== 0) return null;
  try {
    const { uid, gid } = await stat(dataDir);
    return uid === 0 ? null : { uid, gid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
