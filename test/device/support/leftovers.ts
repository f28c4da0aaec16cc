import { readdir, readFile } from 'node:fs/promises';

/** The processes whose command line names a folder: what a store that was stopped must not leave behind. */
export async function processesNaming(folder: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end between the two steps.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid, command: command.replaceAll('\0', ' ').trim() };
    }),
  );
  return found.filter(({ command }) => command.includes(folder));
}
