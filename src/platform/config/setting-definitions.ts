import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';

import { parseByteSize } from '../../kernel/byte-size.js';
import { isSealSource } from '../sealing/seal-key.js';
import { runsFromCheckout } from './data-dir.js';
import { DEFAULT_METRICS_LISTEN, parseMetricsAddress } from './metrics-address.js';
import {
  MAX_PEM_CHARACTERS,
  SIGNER_ID,
  isHost,
  isBoolean,
  isNumberUpTo,
  isPort,
  PRIVATE_NETWORKS,
  isNetwork,
  isWebUrl,
  isSecureUrl,
  isProxyUrl,
  redactUserInfo,
  isDatabaseUri,
  redactDatabaseUri,
  isCertificateText,
  summarizeCertificates,
  isReadableFileList,
} from './setting-values.js';

/** What a setting is, where it is kept, and which values it takes. */
export interface SettingDefinition {
  readonly key: string;
  readonly summary: string;
  /** Shown to whoever gives a value that does not fit. */
  readonly accepted: string;
  readonly accepts: (value: string) => boolean;
  readonly defaultValue: () => string | null;
  /** Kept in DATA/settings.yaml, because it is needed before there is a database. */
  readonly bootstrap?: true;
  /** Hides the secret inside a value wherever settings are listed. */
  readonly redact?: (value: string) => string;
  /**
   * The whole value is a secret: it is shown nowhere, and stored sealed, for the purpose that is its key. What `Settings` gives
   * of it may be sealed; `SettingsService.secret` gives it in clear.
   */
  readonly secret?: true;
  /** Another room keeps it; says what changes it. The environment and `--config` have no say. */
  readonly managedBy?: string;
}

export const SETTING_DEFINITIONS: readonly SettingDefinition[] = [
  {
    key: 'proxy.domain',
    summary: 'the name or address by which devices reach this store',
    accepted: 'a host name or an IP address',
    accepts: isHost,
    defaultValue: () => null,
  },
  {
    key: 'proxy.ipaddress',
    summary: 'the address to listen on',
    accepted: 'an IP address; [::] for all',
    accepts: (value) => isIP(value.replace(/^\[(.*)\]$/, '$1')) !== 0,
    defaultValue: () => '[::]',
    bootstrap: true,
  },
  {
    key: 'proxy.port.http',
    summary: 'the HTTP port',
    accepted: 'a port number from 1 to 65535',
    accepts: isPort,
    defaultValue: () => (runsFromCheckout() ? '8080' : '80'),
    bootstrap: true,
  },
  {
    key: 'proxy.port.https',
    summary: 'the HTTPS port, used once there is a certificate',
    accepted: 'a port number from 1 to 65535',
    accepts: isPort,
    defaultValue: () => (runsFromCheckout() ? '8443' : '443'),
    bootstrap: true,
  },
  {
    key: 'proxy.tls.cert',
    summary: 'the certificate for HTTPS with what issued it; "import-certificate" sets it',
    accepted: "certificates in PEM, the store's own first",
    accepts: isCertificateText,
    defaultValue: () => null,
    redact: summarizeCertificates,
  },
  {
    key: 'proxy.tls.key',
    summary: 'the private key of the certificate, sealed; unset, HTTPS is off',
    accepted: 'a private key in PEM, or as this store has sealed it',
    accepts: (value) => value.length <= MAX_PEM_CHARACTERS && /^-----BEGIN (RSA |EC )?PRIVATE KEY-----$/m.test(value),
    defaultValue: () => null,
    secret: true,
  },
  {
    key: 'proxy.db.connection',
    summary: 'the PostgreSQL database; unset means the embedded one in the data folder',
    accepted: 'a libpq URI such as postgresql://user:password@host:5432/database',
    accepts: isDatabaseUri,
    defaultValue: () => null,
    bootstrap: true,
    redact: redactDatabaseUri,
  },
  {
    key: 'proxy.storage.backend',
    summary: 'where the snaps are kept',
    accepted: 'local (a folder in the data folder)',
    accepts: (value) => value === 'local',
    defaultValue: () => 'local',
    bootstrap: true,
  },
  {
    key: 'proxy.key.public',
    summary: "the public half of the store's identity",
    accepted: 'nothing by hand: generate-keys makes it, keys import takes one in',
    accepts: (value) => value.startsWith('-----BEGIN PUBLIC KEY-----'),
    defaultValue: () => null,
    managedBy: 'generate-keys or keys import',
  },
  {
    key: 'proxy.key.private',
    summary: "the private half of the store's identity, sealed",
    accepted: 'a private RSA key in PEM, from a file: keys import FILE',
    accepts: (value) => value.includes('PRIVATE KEY-----'),
    defaultValue: () => null,
    secret: true,
    managedBy: 'generate-keys or keys import',
  },
  {
    key: 'proxy.device-auth.secret',
    summary: 'what device sessions are signed with; made by itself where it is not given',
    accepted: '16 to 512 printable characters without spaces',
    accepts: (value) => /^[!-~]{16,512}$/.test(value),
    defaultValue: () => null,
    secret: true,
  },
  {
    key: 'proxy.hsm.module',
    summary:
      'the PKCS#11 module of the token that keeps the keys of brands; unset, they are kept sealed in the database',
    accepted: 'an absolute path such as /usr/lib/softhsm/libsofthsm2.so',
    accepts: isAbsolute,
    defaultValue: () => null,
  },
  {
    key: 'proxy.hsm.token-label',
    summary: 'the label of that token',
    accepted: '1 to 32 printable characters',
    accepts: (value) => /^[ -~]{1,32}$/.test(value),
    defaultValue: () => null,
  },
  {
    key: 'proxy.hsm.token-pin',
    summary: 'the user PIN of that token',
    accepted: '1 to 255 printable characters',
    accepts: (value) => /^[!-~]{1,255}$/.test(value),
    defaultValue: () => null,
    secret: true,
  },
  {
    key: 'proxy.cohorts.secret',
    summary: 'what cohort keys are signed with; made by itself where it is not given',
    accepted: '16 to 512 printable characters without spaces',
    accepts: (value) => /^[!-~]{16,512}$/.test(value),
    defaultValue: () => null,
    secret: true,
  },
  {
    key: 'proxy.cohorts.expire-days',
    summary: 'for how many days devices may follow a cohort key after it was made',
    accepted: 'a whole number from 1 to 3650',
    accepts: (value) => /^[1-9][0-9]{0,3}$/.test(value) && Number(value) <= 3650,
    defaultValue: () => '90',
  },
  {
    key: 'proxy.device-auth.policy',
    summary: 'whether a device needs a session to be served: open, or required of every one',
    accepted: 'open or required',
    accepts: (value) => value === 'open' || value === 'required',
    defaultValue: () => 'open',
  },
  {
    key: 'proxy.device-auth.session-hours',
    summary: "how long a device's session is good; devices renew it by themselves",
    accepted: 'a number of hours from 1 to 8760',
    accepts: (value) => isNumberUpTo(value, 8760),
    defaultValue: () => '24',
  },
  {
    key: 'proxy.device-auth.clock-skew-minutes',
    summary: "how far a device's clock may be off when it asks for a session",
    accepted: 'a number of minutes from 1 to 5256000',
    accepts: (value) => isNumberUpTo(value, 5_256_000),
    defaultValue: () => '1440',
  },
  {
    key: 'proxy.seal.source',
    summary: 'where the key is that seals secrets at rest',
    accepted:
      'file (seal.key in the data folder), file:/absolute/path, passphrase (PROXY_SEAL_PASSPHRASE) or credential',
    accepts: isSealSource,
    defaultValue: () => 'file',
    bootstrap: true,
  },
  {
    key: 'proxy.public-url',
    summary: "the URL that absolute links in answers start with, where it is not the domain's",
    accepted: 'an http or https URL without query and fragment',
    accepts: isWebUrl,
    defaultValue: () => null,
  },
  {
    key: 'proxy.trust-forwarded-proto',
    summary: 'whether a reverse proxy in front says in X-Forwarded-Proto how it was asked',
    accepted: 'true or false',
    accepts: isBoolean,
    defaultValue: () => 'false',
  },
  {
    key: 'proxy.trust.extra-roots',
    summary: "assertion files whose accounts are trusted beside Canonical's",
    accepted: 'comma-separated absolute paths of readable files that hold account and account-key assertions',
    accepts: isReadableFileList,
    defaultValue: () => null,
  },
  {
    key: 'proxy.trust.repair-roots',
    summary: "assertion files whose account-keys repairs are trusted from, beside Canonical's",
    accepted: 'comma-separated absolute paths of readable files that hold account-key assertions',
    accepts: isReadableFileList,
    defaultValue: () => null,
  },
  {
    key: 'proxy.airgap',
    summary: 'whether the store is in air-gapped mode',
    accepted: 'nothing by hand: enable-airgap-mode and disable-airgap-mode change it',
    accepts: isBoolean,
    defaultValue: () => 'false',
    managedBy: 'enable-airgap-mode, disable-airgap-mode',
  },
  {
    key: 'proxy.policy.device-networks',
    summary: "where devices are: what the kernel's fence round an air-gapped service lets through",
    accepted: 'comma-separated networks such as 10.0.0.0/8,fd00::/8, or single addresses',
    accepts: (value) => value.split(',').every(isNetwork),
    defaultValue: () => PRIVATE_NETWORKS,
  },
  {
    key: 'proxy.policy.required-signers',
    summary: 'who must have signed a bundle; set, it refuses unsigned bundles and pairs too',
    accepted: 'comma-separated signer ids as "signers list" prints them, or "any" for any known signer',
    accepts: (value) => value === 'any' || value.split(',').every((id) => SIGNER_ID.test(id)),
    defaultValue: () => null,
  },
  {
    key: 'proxy.upstream',
    summary: 'the online store that the connected side fetches from',
    accepted: 'an https URL (http only on this machine itself) without query and fragment',
    accepts: isSecureUrl,
    defaultValue: () => 'https://api.snapcraft.io',
  },
  {
    key: 'proxy.dashboard.location',
    summary: 'the authority that "register --offline" registers this store with',
    accepted: 'an https URL (http only on this machine itself) without query and fragment',
    accepts: isSecureUrl,
    defaultValue: () => null,
  },
  {
    key: 'proxy.sso.location',
    summary: 'where accounts of that authority log in; often the same server',
    accepted: 'an https URL (http only on this machine itself) without query and fragment',
    accepts: isSecureUrl,
    defaultValue: () => null,
  },
  {
    key: 'proxy.https.proxy',
    summary: 'the HTTP proxy through which the connected side reaches the internet',
    accepted: 'a URL such as http://user:password@proxy:3128',
    accepts: isProxyUrl,
    defaultValue: () => null,
    redact: redactUserInfo,
  },
  {
    key: 'proxy.metrics.listen',
    summary: 'where the running store answers GET /metrics for Prometheus',
    accepted: 'an address and port such as 127.0.0.1:9464 or [::]:9464, same (the HTTP port, with a token), or off',
    accepts: (value) => parseMetricsAddress(value) !== null,
    defaultValue: () => DEFAULT_METRICS_LISTEN,
  },
  {
    key: 'proxy.metrics.token',
    summary: 'what a scrape must bring as "Authorization: Bearer", wherever the metrics are',
    accepted: '16 to 512 printable characters without spaces',
    accepts: (value) => /^[!-~]{16,512}$/.test(value),
    defaultValue: () => null,
    secret: true,
  },
  {
    key: 'proxy.import.watch',
    summary: 'a folder from which the running store imports by itself',
    accepted: 'an absolute path',
    accepts: isAbsolute,
    defaultValue: () => null,
  },
  {
    key: 'proxy.import.parts-limit',
    summary: 'how much room parts of bundles may take that wait for the others',
    accepted: 'a size such as 500G',
    accepts: (value) => parseByteSize(value) !== null,
    defaultValue: () => '256G',
  },
  {
    key: 'proxy.deltas.enabled',
    summary: 'whether the running store makes deltas of what is imported, so that devices fetch less (needs xdelta3)',
    accepted: 'true or false',
    accepts: isBoolean,
    defaultValue: () => 'false',
  },
  {
    key: 'proxy.deltas.revisions',
    summary: 'from how many older revisions a delta to each released one is made',
    accepted: 'a whole number from 1 to 20',
    accepts: (value) => isNumberUpTo(value, 20),
    defaultValue: () => '3',
  },
  {
    key: 'proxy.deltas.max-snap-size',
    summary: 'of larger snaps no deltas are made',
    accepted: 'a size such as 1G',
    accepts: (value) => parseByteSize(value) !== null,
    defaultValue: () => '1G',
  },
  {
    key: 'proxy.deltas.max-share',
    summary: 'how large a delta may be, in percent of the snap; a larger one is not kept',
    accepted: 'a whole number from 1 to 90',
    accepts: (value) => isNumberUpTo(value, 90),
    defaultValue: () => '50',
  },
];

export const SETTING_KEYS: readonly string[] = SETTING_DEFINITIONS.map((definition) => definition.key);
