import { stat } from 'node:fs/promises';

/**
 * As root on a data folder that somebody else owns, becomes that user for good, so that nothing in it ends up out of the
 * owner's reach. What only root may read must be open by now. The embedded database does the same by itself.
 */
export async function becomeOwnerOf(dataDir: string): Promise<void> {
  const { geteuid, setgroups, setgid, setuid } = process;
  if (geteuid?.() !== 0 || setgroups === undefined || setgid === undefined || setuid === undefined) return;
  const owner = await ownerOf(dataDir);
  if (owner === null || owner.uid === 0) return;
  // The order is the point: a process that has given up its user can no longer give up its groups.
  setgroups([owner.gid]);
  setgid(owner.gid);
  setuid(owner.uid);
}

/** Null where the folder is not there yet: then it will be of whoever makes it. */
async function ownerOf(path: string): Promise<{ uid: number; gid: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
