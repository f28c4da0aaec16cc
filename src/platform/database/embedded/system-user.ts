import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Whom the database runs as when the store itself is root: PostgreSQL refuses to be root. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order: the user that the packages make for this product, Debian's for databases, the one that always exists. */
const PREFERRED = ['snap-store-proxy', 'postgres', 'nobody'];

/** The first of the given uids that has an account (initdb insists on one), else the first preferred account; null if none. */
export async function userToRunAs(uids: readonly number[]): Promise<SystemUser | null> {
  const users = await systemUsers();
  for (const uid of uids) {
    const user = users.find((candidate) => candidate.uid === uid);
    if (user !== undefined && uid !== 0) return user;
  }
  for (const name of PREFERRED) {
    const user = users.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (user !== undefined) return user;
  }
  return null;
}

/** Whether the user may enter the folder, by the permission bits of it and of everything above it. */
export async function canEnter(user: SystemUser, folder: string): Promise<boolean> {
  const { uid, gid, mode } = await stat(folder);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || canEnter(user, parent);
}

async function systemUsers(): Promise<SystemUser[]> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name !== undefined && uid !== undefined && gid !== undefined && /^\d+$/.test(uid) && /^\d+$/.test(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid) }]
      : [];
  });
}
