import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

import { CertificateRefusedError } from './certificate.errors.js';
import { type PemPiece, readPemPieces } from './pem-pieces.js';

/** What a server shows and proves itself with. */
export interface CertificateChain {
  /** The server's own first, each followed by the one that issued it. */
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
  readonly key: KeyObject;
}

interface NamedCertificate {
  readonly certificate: X509Certificate;
  readonly name: string;
}

interface NamedKey {
  readonly key: KeyObject;
  readonly name: string;
}

const CERTIFICATE_LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
const KEY_LABELS = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);
/** OpenSSL writes the curve before an EC key, and the key names it again. */
const IGNORED_LABELS = new Set(['EC PARAMETERS']);
const WHY_NOT: Readonly<Record<string, string>> = {
  'ENCRYPTED PRIVATE KEY': 'is protected by a passphrase; "openssl pkey" writes it without one',
  'CERTIFICATE REQUEST': 'is a request for a certificate; the certificate is what the authority answered it with',
  'NEW CERTIFICATE REQUEST': 'is a request for a certificate; the certificate is what the authority answered it with',
  'PUBLIC KEY': 'is a public key; the private one is needed',
  'TRUSTED CERTIFICATE': 'is in OpenSSL\'s own form; "openssl x509" writes the usual one',
  'OPENSSH PRIVATE KEY': 'is a key for SSH',
};

const MIN_RSA_BITS = 2048;
/** What both Go's and OpenSSL's TLS take. */
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/**
 * Sorts PEM pieces that came in any order into a chain with its key: each piece is what it says, the key belongs to one of
 * the certificates, each certificate signed the one before it, and nothing is left over. The same piece twice counts once.
 * Whether the chain is in date and for the right names is another question (`problemsOf`).
 * @throws CertificateRefusedError naming the piece
 */
export function readCertificateChain(pem: string): CertificateChain {
  const certificates: NamedCertificate[] = [];
  const keys: NamedKey[] = [];
  for (const piece of readPemPieces(pem)) {
    if (CERTIFICATE_LABELS.has(piece.label)) addOnce(certificates, readCertificate(piece), sameCertificate);
    else if (KEY_LABELS.has(piece.label)) addOnce(keys, readKey(piece), (one, other) => one.key.equals(other.key));
    else if (!IGNORED_LABELS.has(piece.label)) {
      throw new CertificateRefusedError(
        `${piece.name} ${WHY_NOT[piece.label] ?? 'is neither a certificate nor a private key'}`,
      );
    }
  }
  const [key, otherKey] = keys;
  if (certificates.length === 0 && key === undefined) {
    throw new CertificateRefusedError('there is no PEM in the input: a certificate and its private key are needed');
  }
  if (certificates.length === 0) throw new CertificateRefusedError('there is a private key, but no certificate');
  if (key === undefined) throw new CertificateRefusedError('there is a certificate, but no private key');
  if (otherKey !== undefined) {
    throw new CertificateRefusedError(`${key.name} and ${otherKey.name} are two different private keys; one is needed`);
  }
  const leaf = certificateOf(key, certificates);
  const chain = chainFrom(leaf, certificates);
  return { certificates: [leaf.certificate, ...chain.slice(1).map(({ certificate }) => certificate)], key: key.key };
}

/** A private key alone. @throws CertificateRefusedError */
export function readPrivateKey(pem: string): { readonly key: KeyObject } {
  const [key, other] = readPemPieces(pem).filter(({ label }) => KEY_LABELS.has(label));
  if (key === undefined || other !== undefined) throw new CertificateRefusedError('one private key is needed');
  return readKey(key);
}

/** Whether it vouches for itself: a root, or a certificate that nobody else has signed. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return isSignedBy(certificate, certificate);
}

/** The common name, else the first part of the subject; short enough for a message. */
export function nameOf(certificate: X509Certificate): string {
  const parts = certificate.subject.split('\n');
  const common = parts.find((part) => part.startsWith('CN='))?.slice('CN='.length) ?? parts[0] ?? '';
  return common === '' ? `the one with serial ${certificate.serialNumber.slice(0, 40)}` : `"${common.slice(0, 80)}"`;
}

function readCertificate(piece: PemPiece): NamedCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(piece.der);
  } catch {
    throw new CertificateRefusedError(`${piece.name} is damaged: it is not a certificate`);
  }
  return { certificate, name: `${piece.name} of ${nameOf(certificate)}` };
}

function readKey(piece: PemPiece): NamedKey {
  const type = { 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' }[piece.label] ?? 'pkcs8';
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: piece.der, format: 'der', type: type as 'pkcs1' | 'pkcs8' | 'sec1' });
  } catch {
    throw new CertificateRefusedError(`${piece.name} is damaged: it is not a private key`);
  }
  const problem = keyProblem(key);
  if (problem !== null) throw new CertificateRefusedError(`${piece.name} ${problem}`);
  return { key, name: piece.name };
}

function keyProblem({ asymmetricKeyType: kind, asymmetricKeyDetails = {} }: KeyObject): string | null {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails;
  if (kind === 'rsa') {
    return modulusLength < MIN_RSA_BITS ? `has ${modulusLength} bits; RSA needs at least ${MIN_RSA_BITS}` : null;
  }
  if (kind === 'ec') {
    return CURVES.has(namedCurve) ? null : `is on the curve ${namedCurve ?? '?'}; P-256, P-384 and P-521 are taken`;
  }
  return kind === 'ed25519' ? null : `is of the kind ${kind ?? '?'}; RSA, ECDSA and Ed25519 are taken`;
}

function certificateOf(key: NamedKey, certificates: readonly NamedCertificate[]): NamedCertificate {
  const [leaf, other] = certificates.filter(({ certificate }) => certificate.checkPrivateKey(key.key));
  if (leaf === undefined) {
    const names = certificates.map(({ name }) => name).join(', ');
    throw new CertificateRefusedError(
      `${key.name} does not belong to ${certificates.length === 1 ? '' : 'any of '}${names}`,
    );
  }
  if (other !== undefined) {
    throw new CertificateRefusedError(`${leaf.name} and ${other.name} have the same key; leave out the older one`);
  }
  return leaf;
}

function chainFrom(leaf: NamedCertificate, certificates: readonly NamedCertificate[]): NamedCertificate[] {
  const chain = [leaf];
  let rest = certificates.filter((one) => one !== leaf);
  for (let last = leaf; !isSelfSigned(last.certificate);) {
    const issuer = issuerOf(last, rest);
    if (issuer === null) break;
    chain.push(issuer);
    rest = rest.filter((one) => one !== issuer);
    last = issuer;
  }
  // A cross-signed authority comes in several certificates, of which one is enough.
  const stray = rest.find((one) => !chain.some((member) => isTheSameParty(one.certificate, member.certificate)));
  if (stray !== undefined) {
    const end = chain.at(-1) ?? leaf;
    const missing = isSelfSigned(end.certificate) ? '' : `; what issued ${end.name} is missing`;
    throw new CertificateRefusedError(`${stray.name} has no part in the chain of ${leaf.name}${missing}`);
  }
  return chain;
}

function issuerOf(issued: NamedCertificate, among: readonly NamedCertificate[]): NamedCertificate | null {
  const named = among.filter(({ certificate }) => issued.certificate.checkIssued(certificate));
  const signers = named.filter(({ certificate }) => isSignedBy(issued.certificate, certificate));
  const [first] = named;
  if (first === undefined) return null;
  // Of several certificates of one authority, the one that lasts longest.
  const [signer] = signers.sort((a, b) => endOf(b.certificate) - endOf(a.certificate));
  if (signer === undefined) {
    throw new CertificateRefusedError(
      `${issued.name} names ${first.name} as its issuer, but that one's key has not signed it`,
    );
  }
  if (!signer.certificate.ca)
    throw new CertificateRefusedError(`${signer.name} is not an authority, and signed ${issued.name}`);
  return signer;
}

function isSignedBy(issued: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issued.verify(issuer.publicKey);
  } catch {
    // A key of a kind that cannot have made such a signature.
    return false;
  }
}

function isTheSameParty(one: X509Certificate, other: X509Certificate): boolean {
  return one.subject === other.subject && one.publicKey.equals(other.publicKey);
}

function sameCertificate(one: NamedCertificate, other: NamedCertificate): boolean {
  return one.certificate.fingerprint256 === other.certificate.fingerprint256;
}

function addOnce<T>(list: T[], item: T, isSame: (one: T, other: T) => boolean): void {
  if (!list.some((known) => isSame(known, item))) list.push(item);
}

function endOf(certificate: X509Certificate): number {
  return new Date(certificate.validTo).getTime();
}
