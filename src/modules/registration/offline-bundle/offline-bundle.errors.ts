import { StoreError } from '../../../kernel/store-error.js';

/** Neither a runtime nor a database is published for this kind of machine. */
export class ArchitectureUnsupportedError extends StoreError {
  readonly code = 'architecture-unsupported';
}

/** A package that the bundle needs is not at hand and cannot be fetched. */
export class PackageUnavailableError extends StoreError {
  readonly code = 'package-unavailable';
}

/** What came from the registry, or lay in the cache, is not the package that this program was made with. */
export class PackageRefusedError extends StoreError {
  readonly code = 'package-refused';
}

/** The program as it is installed here cannot be carried: something is missing, or lies where it cannot be followed. */
export class ProgramNotPackableError extends StoreError {
  readonly code = 'program-not-packable';
}
