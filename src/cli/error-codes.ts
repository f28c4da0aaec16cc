import { EXIT, type ExitCode } from './exit-code.js';

/**
 * The one place that says which refusal ends a command how. Everything that is not listed ends with 1: refused or failed.
 * A code is listed where a script should tell it apart.
 */
const EXIT_CODES: Readonly<Partial<Record<keyof typeof EXIT, readonly string[]>>> = {
  usage: [
    'usage',
    'unknown-setting',
    'invalid-setting',
    'invalid-channel',
    'invalid-snap-name',
    'terminal-output-refused',
    'input-needed',
  ],
  verification: [
    'assertion-refused',
    'bundle-assumption-missing',
    'bundle-damaged',
    'bundle-incomplete',
    'bundle-manifest-invalid',
    'bundle-member-refused',
    'bundle-signature-refused',
    'bundle-too-large',
    'bundle-version-unsupported',
    'content-unstorable',
    'invalid-snap-yaml',
    'pair-incomplete',
    'revision-conflict',
    'signer-unknown',
    'snap-file-damaged',
    'snap-file-no-such-file',
    'snap-file-too-large',
    'snap-file-unsupported',
    'snap-name-taken',
    'snap-refused',
  ],
  notAllowed: ['signature-required'],
  unreachable: ['database-unreachable', 'database-lost'],
};

const exitCodes = new Map<string, ExitCode>(
  Object.entries(EXIT_CODES).flatMap(([name, codes]) =>
    codes.map((code) => [code, EXIT[name as keyof typeof EXIT]] as const),
  ),
);

export function exitCodeOf(code: string): ExitCode {
  return exitCodes.get(code) ?? EXIT.failed;
}

/** What to do about it, where that is the same every time. */
const HINTS: Readonly<Record<string, string>> = {
  'database-unreachable':
    'see "snap-store-proxy config proxy.db.connection", and "snap-store-proxy doctor" for what else is wrong',
  'database-lost': 'nothing was left half-done; try again when the database is back',
  'unknown-setting': '"snap-store-proxy config" lists the settings',
  'port-in-use':
    'another program has this port: "snap-store-proxy serve --port N" or "snap-store-proxy config proxy.port.http=N"',
  'permission-denied': 'run it as the owner of the data folder, or as root',
  'disk-full': 'make room where the data folder lies; "snap-store-proxy gc" removes what nothing needs',
  'snap-still-needed': 'remove what needs it first, close its channels, or insist with --force',
  'database-holds-data': 'stop the store, move the data with "snap-store-proxy migrate-database --copy-to URI", and set it again',
  'signer-unknown': '"snap-store-proxy signers add FILE" makes a signer known by its public key',
  'internal-error': 'this is a defect of the program; SNAP_STORE_PROXY_LOG=debug says more',
};

export function hintFor(code: string): string | null {
  return HINTS[code] ?? null;
}
