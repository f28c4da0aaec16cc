import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

import { isSelfSigned, nameOf } from './certificate-chain.js';
import { signatureAlgorithm } from './signature-algorithm.js';

export type CertificateProblemKind =
  'expired' | 'expires-soon' | 'not-yet-valid' | 'names-do-not-fit' | 'not-for-servers' | 'weak-signature';

export interface CertificateProblem {
  readonly kind: CertificateProblemKind;
  /** False: devices take it for now. */
  readonly isFatal: boolean;
  readonly message: string;
}

export interface CertificateQuestion {
  readonly now: Date;
  /** The host name or address by which devices reach the server; null where it is not known. */
  readonly domain: string | null;
}

export const EXPIRY_WARNING_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

const SERVER_AUTHENTICATION = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);
/** No TLS client of this decade believes them. */
const WEAK_SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1',
};

/** What a client would hold against a chain, the server's own certificate first; empty where it would take it, for long. */
export function problemsOf(
  [leaf, ...issuers]: readonly [X509Certificate, ...X509Certificate[]],
  { now, domain }: CertificateQuestion,
): CertificateProblem[] {
  return [
    ...[leaf, ...issuers].flatMap((certificate) => dateProblems(certificate, now)),
    ...nameProblems(leaf, domain),
    ...purposeProblems(leaf),
    ...[leaf, ...issuers].flatMap(signatureProblems),
  ];
}

/** The DNS names and IP addresses that a certificate is for, in its own order. */
export function namesOf(certificate: X509Certificate): string[] {
  // Node.js writes an unusual name as a quoted text; nobody reaches a store by one.
  const listed = (certificate.subjectAltName ?? '').split(', ');
  return listed.flatMap((item) => /^(?:DNS|IP Address):([^"]+)$/.exec(item)?.[1] ?? []).map(shortAddress);
}

/** Whether snapd, asking for this host, takes the certificate (Go: crypto/x509, VerifyHostname): alternative names alone count. */
export function covers(certificate: X509Certificate, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return certificate.checkIP(bare) !== undefined;
  const wanted = bare.toLowerCase();
  const parent = wanted.slice(wanted.indexOf('.') + 1);
  // A star stands for one whole label, the first. OpenSSL wants two more after it, and `*.internal` is common in closed networks.
  const wildcard = parent === wanted ? null : `*.${parent}`;
  return namesOf(certificate).some((name) => [wanted, wildcard].includes(name.toLowerCase()));
}

function dateProblems(certificate: X509Certificate, now: Date): CertificateProblem[] {
  const name = nameOf(certificate);
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (from.getTime() > now.getTime()) {
    return [
      {
        kind: 'not-yet-valid',
        isFatal: true,
        message: `the certificate of ${name} is valid from ${from.toISOString()} on, not yet`,
      },
    ];
  }
  // A date that cannot be read is none that a client would take.
  if (!(to.getTime() >= now.getTime())) {
    return [
      {
        kind: 'expired',
        isFatal: true,
        message: `the certificate of ${name} has expired: it was valid until ${certificate.validTo}`,
      },
    ];
  }
  const days = Math.floor((to.getTime() - now.getTime()) / DAY_MS);
  if (days >= EXPIRY_WARNING_DAYS) return [];
  const when = `${days === 1 ? '1 day' : `${days} days`}, on ${to.toISOString().slice(0, 10)}`;
  return [{ kind: 'expires-soon', isFatal: false, message: `the certificate of ${name} expires in ${when}` }];
}

function nameProblems(leaf: X509Certificate, domain: string | null): CertificateProblem[] {
  const names = namesOf(leaf);
  if (names.length === 0) {
    const message = `the certificate of ${nameOf(leaf)} has no alternative names; devices look at nothing else`;
    return [{ kind: 'names-do-not-fit', isFatal: true, message }];
  }
  if (domain === null || covers(leaf, domain)) return [];
  const message = `the certificate is for ${shortList(names)}, and proxy.domain is ${domain}`;
  return [{ kind: 'names-do-not-fit', isFatal: true, message }];
}

function purposeProblems(leaf: X509Certificate): CertificateProblem[] {
  // Extended key usages, whatever Node.js calls them; absent where there are none.
  const usages = leaf.keyUsage as string[] | undefined;
  if (usages === undefined || usages.some((usage) => SERVER_AUTHENTICATION.has(usage))) return [];
  return [
    { kind: 'not-for-servers', isFatal: true, message: `the certificate of ${nameOf(leaf)} is not one for servers` },
  ];
}

function signatureProblems(certificate: X509Certificate): CertificateProblem[] {
  const weakness = WEAK_SIGNATURES[signatureAlgorithm(certificate.raw) ?? ''];
  // A root is trusted for what it is, not for its signature.
  if (weakness === undefined || isSelfSigned(certificate)) return [];
  const message = `the certificate of ${nameOf(certificate)} is signed with ${weakness}, which clients refuse`;
  return [{ kind: 'weak-signature', isFatal: true, message }];
}

/** OpenSSL writes all eight groups of an IPv6 address. */
function shortAddress(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
