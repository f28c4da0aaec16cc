import { StoreError, type ErrorDetails } from '../../kernel/store-error.js';

/** Where in a carried file something is wrong: the file as the operator named it, and the member inside it where there is one. */
export interface BundlePlace {
  readonly file: string;
  readonly member: string | null;
}

/** The base of every refusal of a carried file. The message reads `FILE: MEMBER: reason`; the details hold the three apart. */
export abstract class BundleError extends StoreError {
  readonly reason: string;

  constructor(
    readonly place: BundlePlace,
    reason: string,
    options?: ErrorOptions & { readonly details?: ErrorDetails },
  ) {
    const file = printable(place.file);
    const member = place.member === null ? null : printable(place.member);
    const shown = printable(reason);
    super(
      `${file}: ${member === null ? '' : `${member}: `}${shown}`,
      { ...options?.details, file, member, reason: shown },
      options,
    );
    this.reason = shown;
  }
}

/** Neither a bundle, nor a tarball, a folder or a pair with snaps in it. */
export class NotABundleError extends BundleError {
  readonly code = 'not-a-bundle';
}

/** The file could not be read to its end: missing, no permission, a failing medium. */
export class BundleUnreadableError extends BundleError {
  readonly code = 'bundle-unreadable';
}

/** Bytes are not what they were when the file was written: gzip, tar, a digest, a size or the sums disagree. */
export class BundleDamagedError extends BundleError {
  readonly code = 'bundle-damaged';
}

/** A member that has no place where it is: an unsafe path, a link, a device, a duplicate, undeclared or out of order. */
export class BundleMemberRefusedError extends BundleError {
  readonly code = 'bundle-member-refused';
}

/** The manifest declares a member that is not there. */
export class BundleIncompleteError extends BundleError {
  readonly code = 'bundle-incomplete';
}

/** bundle.json is not JSON, or a field of it does not fit. */
export class BundleManifestInvalidError extends BundleError {
  readonly code = 'bundle-manifest-invalid';
}

/** Written by a newer version of the format, or needs something that this reader does not know. */
export class BundleVersionUnsupportedError extends BundleError {
  readonly code = 'bundle-version-unsupported';
}

/** bundle.json.sig is malformed, or its signature is not one of these manifest bytes. */
export class BundleSignatureRefusedError extends BundleError {
  readonly code = 'bundle-signature-refused';
}

/** More bytes or members than a bundle may have, or than this one has declared. */
export class BundleTooLargeError extends BundleError {
  readonly code = 'bundle-too-large';
}

/** A `.snap` without its `.assert` beside it, or the other way round. */
export class PairIncompleteError extends BundleError {
  readonly code = 'pair-incomplete';
}

/** Two bundles that are to become one carry different things under one name. */
export class BundleConflictError extends BundleError {
  readonly code = 'bundle-conflict';
}

/** What a bundle carries is not proven by the assertions in it. */
export class BundleUnprovenError extends BundleError {
  readonly code = 'bundle-unproven';
}

/** A bundle was split, and not all of the parts that are needed are at hand. */
export class BundlePartMissingError extends BundleError {
  readonly code = 'bundle-part-missing';

  constructor(file: string, missing: readonly number[], total: number) {
    super({ file, member: null }, `${partNumbers(missing, total)} missing`, { details: { missing, total } });
  }
}

/** A part of a bundle that was split is not what its name and the other parts say. */
export class BundlePartRefusedError extends BundleError {
  readonly code = 'bundle-part-refused';
}

/** `part 2 of 3 is`, `parts 1, 4-7 and 9 of 12 are`: the beginning of a sentence. */
export function partNumbers(numbers: readonly number[], total: number): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  const texts = runs.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`));
  const listed = texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
  return numbers.length === 1 ? `part ${listed} of ${total} is` : `parts ${listed} of ${total} are`;
}

/** Names and values out of a carried file must not move a terminal's cursor, forge a line of a log or turn text around. */
function printable(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

const MAX_SHOWN = 500;
