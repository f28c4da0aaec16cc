import { BundleError } from '../bundle/index.js';

/** The file is no inventory at all. */
export class NotAnInventoryError extends BundleError {
  readonly code = 'not-an-inventory';

  constructor(file: string, reason: string) {
    super({ file, member: null }, `is not an inventory of a store: ${reason}`);
  }
}

/** An inventory whose fields do not fit, or more of it than there may be. */
export class InventoryInvalidError extends BundleError {
  readonly code = 'inventory-invalid';

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super({ file, member: null }, reason, options);
  }
}

/** Written by a newer version of the format. */
export class InventoryVersionUnsupportedError extends BundleError {
  readonly code = 'inventory-version-unsupported';

  constructor(file: string, format: number, known: readonly number[]) {
    super({ file, member: null }, `has format ${format}; this program reads ${known.join(', ')}`, {
      details: { format, known },
    });
  }
}

/** The second line is malformed, or no signature of the first. */
export class InventorySignatureRefusedError extends BundleError {
  readonly code = 'inventory-signature-refused';

  constructor(file: string, reason: string) {
    super({ file, member: null }, `the signature ${reason}`);
  }
}
