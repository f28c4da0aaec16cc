import { type Assertion, AssertionRefusedError, AssertionVerifier, printable } from '../../formats/assertion/index.js';
import type { Clock } from '../../kernel/clock.js';
import { readAssertionFile, readTrustedRoots } from './assertion-files.js';
import { AssertionFileError } from './assertions.errors.js';

/** What is to be said of one assertion, or of a file that is none. */
export interface CheckedAssertion {
  readonly file: string;
  /** `type/key/…`; null where the file does not parse. */
  readonly assertion: string | null;
  /** Null is: it holds. */
  readonly refusal: { readonly stage: string; readonly reason: string; readonly message: string } | null;
  /** Ids of the keys from the one that signed it up to the root's. */
  readonly chain: readonly string[];
}

/** What is trusted beside Canonical's roots. */
export interface RootFiles {
  readonly extraRoots: readonly string[];
  /** Account-keys, for repairs. */
  readonly repairRoots: readonly string[];
}

/**
 * Checks files of assertions against the trusted roots, without a store: snapd's *check*, not its *add*. Older revisions and duplicates are
 * fine, and all files are prerequisites for each other in any order. A file that does not parse to its end helps nobody.
 * @returns in the order of the files and of the assertions in them
 * @throws AssertionFileError for a root file that is not one; AssertionRefusedError for a root that cannot be one
 */
export async function checkAssertionFiles(
  files: readonly string[],
  { extraRoots, repairRoots }: RootFiles,
  clock: Clock,
): Promise<CheckedAssertion[]> {
  const roots = await readTrustedRoots(extraRoots, repairRoots);
  const read: { file: string; assertions: Assertion[]; error: AssertionRefusedError | AssertionFileError | null }[] =
    [];
  for (const file of files) {
    try {
      read.push({ file, assertions: await readAssertionFile(file), error: null });
    } catch (error) {
      if (!(error instanceof AssertionRefusedError || error instanceof AssertionFileError)) throw error;
      read.push({ file, assertions: [], error });
    }
  }
  const verifier = new AssertionVerifier({ roots, clock, byKeysOfAnyRevision: true });
  const verdicts = await verifier.verify(read.flatMap(({ assertions }) => assertions));
  let next = 0;
  return read.flatMap(({ file, assertions, error }): CheckedAssertion[] => {
    if (error !== null) return [{ file, assertion: null, refusal: refusalOf(error), chain: [] }];
    return assertions.map((assertion) => {
      const verdict = verdicts[next];
      next += 1;
      const why = verdict?.error ?? null;
      const name = assertion.toString();
      return {
        file,
        assertion: name,
        refusal: why === null ? null : refusalOf(why, name),
        chain: verdict?.chain ?? [],
      };
    });
  });
}

/** `OK type/key`, `REFUSED type/key: reason` or `REFUSED FILE: reason`. */
export function checkLine({ file, assertion, refusal }: CheckedAssertion): string {
  const name = assertion ?? printable(file);
  return refusal === null ? `OK ${name}` : `REFUSED ${name}: ${refusal.message}`;
}

/** The name is said by the line; the message need not say it again. */
function refusalOf(error: AssertionRefusedError | AssertionFileError, name?: string): CheckedAssertion['refusal'] {
  const message =
    name !== undefined && error.message.startsWith(`${name} `) ? error.message.slice(name.length + 1) : error.message;
  const isFile = error instanceof AssertionFileError;
  return { stage: isFile ? 'read' : error.stage, reason: isFile ? 'unreadable' : error.reason, message };
}
