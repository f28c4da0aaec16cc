import { EXIT, type ExitCode } from './exit-code.js';

/** The one place that says which refusal ends a command how. Every code of the program is in it, so that each was decided. */
const EXIT_CODES: Readonly<Record<Exclude<keyof typeof EXIT, 'done'>, readonly string[]>> = {
  failed: [
    'address-not-available',
    'assertion-file',
    'assertion-not-held',
    'authority-refused',
    'bad-request',
    'blob-changed',
    'blob-gone',
    'bundle-unreadable',
    'cannot-listen',
    'channel-not-open',
    'components-unsupported',
    'database-holds-data',
    'database-not-empty',
    'disk-full',
    'embedded-database-disk-full',
    'file-not-found',
    'file-not-servable',
    'hash-queue-full',
    'hash-worker-lost',
    'identity-key-missing',
    'identity-provider-unfit',
    'import-stopped',
    'input-too-large',
    'internal-error',
    'interrupted',
    'key-held-already',
    'key-not-held',
    'key-not-usable',
    'key-passphrase-needed',
    'key-retired',
    'keys-exist',
    'not-a-bundle',
    'not-a-file',
    'not-found',
    'permission-denied',
    'port-in-use',
    'program-unreadable',
    'revision-not-held',
    'seal-broken',
    'seal-key-unusable',
    'settings-file-unreadable',
    'signer-key-invalid',
    'signer-not-known',
    'snap-not-held',
    'snap-still-needed',
    'storage-failed',
    'upstream-answer',
    'worker-failed',
  ],
  usage: [
    'answer-invalid',
    'database-uri-invalid',
    'domain-not-set',
    'import-option',
    'input-needed',
    'invalid-channel',
    'invalid-setting',
    'invalid-snap-id',
    'invalid-snap-name',
    'store-url-unknown',
    'terminal-output-refused',
    'unknown-setting',
    'upstream-insecure',
    'usage',
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
    'certificate-refused',
    'content-unstorable',
    'invalid-digest',
    'invalid-epoch',
    'invalid-macaroon',
    'invalid-openpgp',
    'invalid-snap-yaml',
    'pair-incomplete',
    'questions-invalid',
    'registration-refused',
    'registration-request-invalid',
    'revision-conflict',
    'signer-unknown',
    'snap-file-damaged',
    'snap-file-no-such-file',
    'snap-file-too-large',
    'snap-file-unsupported',
    'snap-name-taken',
    'snap-refused',
    'too-many-bytes',
  ],
  notAllowed: [
    'account-blocked',
    'credentials-refused',
    'egress-refused',
    'macaroon-refused',
    'otp-refused',
    'otp-required',
    'signature-required',
    'too-many-attempts',
    'wrong-passphrase',
  ],
  unreachable: [
    'database-lost',
    'database-unreachable',
    'embedded-database-busy',
    'embedded-database-failed',
    'embedded-database-missing',
    'embedded-database-unsupported',
    'embedded-database-version',
    'upstream-unreachable',
  ],
};

const exitCodes = new Map<string, ExitCode>(
  Object.entries(EXIT_CODES).flatMap(([name, codes]) =>
    codes.map((code) => [code, EXIT[name as keyof typeof EXIT]] as const),
  ),
);

/** A code that is not ours ends a command as any failure does. */
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
    'another program has this port: "snap-store-proxy serve --port N", "snap-store-proxy config proxy.port.http=N", or proxy.port.https',
  'domain-not-set': '"snap-store-proxy config proxy.domain=NAME" says it',
  'permission-denied': 'run it as the owner of the data folder, or as root',
  'disk-full': 'make room where the data folder lies; "snap-store-proxy gc" removes what nothing needs',
  'snap-still-needed': 'remove what needs it first, close its channels, or insist with --force',
  'database-holds-data':
    'stop the store, move the data with "snap-store-proxy migrate-database --copy-to URI", and set it again',
  'store-url-unknown': 'set it with "snap-store-proxy config proxy.domain=NAME", or unset proxy.public-url',
  'identity-key-missing': '"snap-store-proxy generate-keys" makes them',
  'identity-provider-unfit': 'see "snap-store-proxy config proxy.dashboard.location proxy.sso.location"',
  'credentials-refused': 'nothing was written; type the command again with the right e-mail address and password',
  'otp-refused':
    'nothing was written; each one-time password is good once: wait for the next, and type the command again',
  'too-many-attempts': 'nothing was written; wait a while before the next attempt',
  'upstream-unreachable': 'nothing was written; see "snap-store-proxy check-connections", and type the command again',
  'upstream-answer': 'nothing was written; is that URL the right one?',
  'signer-unknown': '"snap-store-proxy signers add FILE" makes a signer known by its public key',
  'internal-error': 'this is a defect of the program; SNAP_STORE_PROXY_LOG=debug says more',
};

export const KNOWN_CODES: ReadonlySet<string> = new Set(exitCodes.keys());

export function hintFor(code: string): string | null {
  return HINTS[code] ?? null;
}
