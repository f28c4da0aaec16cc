import { BundleError, type BundlePlace } from '../../formats/bundle/index.js';
import { messageOf, StoreError } from '../../kernel/store-error.js';

/** The bundle is signed by somebody whom this store does not know. */
export class SignerUnknownError extends BundleError {
  readonly code = 'signer-unknown';

  constructor(place: BundlePlace, keyId: string) {
    super(place, `is signed by ${keyId}, whom this store does not know ("signers add" makes a signer known)`, {
      details: { signer: keyId },
    });
  }
}

/** `proxy.policy.required-signers` asks for a signature that this file does not have. */
export class SignatureRequiredError extends BundleError {
  readonly code = 'signature-required';
}

/** A snap is not what the assertions say of it, or they do not say enough. */
export class SnapRefusedError extends BundleError {
  readonly code = 'snap-refused';
}

/** A picture is none, or is not there. */
export class PictureRefusedError extends BundleError {
  readonly code = 'picture-refused';
}

const MAX_NAMED = 10;

/** The bundle counts on content that this store does not hold. */
export class AssumptionMissingError extends BundleError {
  readonly code = 'bundle-assumption-missing';

  /** @param missing each such as `revision 5 of jq` */
  constructor(place: BundlePlace, missing: readonly string[]) {
    const more = missing.length - MAX_NAMED;
    const named = [...missing.slice(0, MAX_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
    super(place, `counts on ${named} being held, and this store does not; push what it builds on first`, {
      details: { missing },
    });
  }
}

/** A component is not what the assertions say of it, or they do not say enough. */
export class ComponentRefusedError extends BundleError {
  readonly code = 'component-refused';
}

/** What is asked for does not go with this file. */
export class ImportOptionError extends BundleError {
  readonly code = 'import-option';
}

/** The process that imports is asked to end. */
export class ImportStoppedError extends StoreError {
  readonly code = 'import-stopped';
}

/** What stopped an import, told with the file and member at which it happened; the code is that of the cause. */
export class ImportFailedError extends BundleError {
  constructor(
    place: BundlePlace,
    readonly code: string,
    cause: unknown,
  ) {
    super(place, messageOf(cause), { cause, ...(cause instanceof StoreError ? { details: cause.details } : {}) });
  }
}

/** SQLSTATE classes 08 and 57P, node's codes for a connection that broke, and what pg and TypeORM say without a code. */
const DATABASE_LOST =
  /^(?:08...|57P0.|3D000|ECONNREFUSED|ECONNRESET|EPIPE)$|^Connection terminated|^Client has encountered a connection error|^timeout exceeded when trying to connect|^Query runner already released|not currently accepting connections$/;

/**
 * Gives whatever ended an import the shape in which operators are told of it. An abort stays what it is: the caller asked
 * for it.
 */
export function placed(thrown: unknown, place: BundlePlace, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (thrown instanceof BundleError) return thrown;
  if (thrown instanceof StoreError) return new ImportFailedError(place, thrown.code, thrown);
  if (isDatabaseLost(thrown)) {
    const cause = new Error(`the database went away (${messageOf(thrown)}); nothing was imported, push again`, {
      cause: thrown,
    });
    return new ImportFailedError(place, 'database-lost', cause);
  }
  if (DATA_REFUSED.test(sqlStateOf(thrown)))
    return new ImportFailedError(place, 'content-unstorable', new Error(`cannot be kept: ${messageOf(thrown)}`));
  return thrown;
}

/** SQLSTATE class 22: a value that no text or number of the database can hold. */
const DATA_REFUSED = /^22...$/;

function sqlStateOf(thrown: unknown): string {
  const code = (thrown as SystemError | null)?.driverError?.code;
  return typeof code === 'string' ? code : '';
}

interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly driverError?: { readonly code?: unknown };
}

function isDatabaseLost(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code, driverError, syscall } = thrown as Error & SystemError;
  // The socket of an embedded server that is gone.
  if (code === 'ENOENT' && syscall === 'connect') return true;
  return [code, driverError?.code, thrown.message].some((sign) => typeof sign === 'string' && DATABASE_LOST.test(sign));
}
