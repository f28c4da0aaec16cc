import { readFile, readlink } from 'node:fs/promises';

/** One process for certain: numbers are used again, but never with the same start time within the same boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process, as /proc writes it. */
  readonly startTicks: string;
  readonly bootId: string;
  /** Empty where the kernel does not tell. */
  readonly pidNamespace: string;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    startTicks: (await startTicksOf(process.pid)) ?? '0',
    bootId: await bootId(),
    pidNamespace: await pidNamespace(),
  };
}

/** One line without white space, read back by {@link parseIdentity}. */
export function formatIdentity({ pid, startTicks, bootId, pidNamespace }: ProcessIdentity): string {
  return `${pid}/${startTicks}/${bootId}/${pidNamespace}`;
}

export function parseIdentity(text: string): ProcessIdentity | null {
  const match = /^(\d{1,10})\/(\d{1,20})\/([^/]*)\/([^/]*)$/.exec(text);
  if (match === null) return null;
  const [, pid = '', startTicks = '', bootId = '', pidNamespace = ''] = match;
  return { pid: Number(pid), startTicks, bootId, pidNamespace };
}

/**
 * `unknown` is a process of this boot in another container: its number means nothing here.
 */
export async function livenessOf(identity: ProcessIdentity): Promise<'alive' | 'dead' | 'unknown'> {
  if (identity.bootId !== (await bootId())) return 'dead';
  if (identity.pidNamespace !== (await pidNamespace())) return 'unknown';
  return (await startTicksOf(identity.pid)) === identity.startTicks ? 'alive' : 'dead';
}

/** Null when there is no such process, or only what is left of one that its parent has not yet noticed. */
export async function startTicksOf(pid: number): Promise<string | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')).trim();
}

async function pidNamespace(): Promise<string> {
  const link = await readlink('/proc/self/ns/pid').catch(() => '');
  return link.replace(/\D/g, '');
}
