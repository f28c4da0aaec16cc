import 'reflect-metadata';

import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate with the key that belongs to it, both PEM; the key is PKCS#8. */
export interface CertificateWithKey {
  readonly certPem: string;
  readonly keyPem: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A device whose clock is behind takes the certificate all the same. */
const BACKDATED_MS = DAY_MS;
const AUTHORITY_DAYS = 3650;
/** The longest that clients in general take of a server's certificate (CA/Browser Forum, Apple). */
const SERVER_DAYS = 825;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SERIAL_BYTES = 16;

/** Makes an authority of its own, for one store. */
export async function issueAuthority(domain: string, now: Date): Promise<CertificateWithKey> {
  const keys = await newKeys();
  const notBefore = new Date(now.getTime() - BACKDATED_MS);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      // Told apart by its serial where a store has had more than one.
      name: [{ CN: [`Snap store authority ${randomBytes(4).toString('hex')}`] }, { O: [domain.slice(0, 64)] }],
      notBefore,
      notAfter: new Date(notBefore.getTime() + AUTHORITY_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: pemOf(certificate), keyPem: await pemOfKey(keys.privateKey) };
}

/**
 * Makes a server's certificate that an authority signs, in date for as long as clients take it and the authority lasts.
 * @param names DNS names and IP addresses
 */
export async function issueServerCertificate(
  authority: CertificateWithKey,
  names: readonly [string, ...string[]],
  now: Date,
): Promise<CertificateWithKey> {
  const keys = await newKeys();
  const issuer = new X509Certificate(authority.certPem);
  const notBefore = new Date(now.getTime() - BACKDATED_MS);
  // The last second counts (RFC 5280 §4.1.2.5).
  const end = Math.min(notBefore.getTime() + SERVER_DAYS * DAY_MS - 1_000, issuer.notAfter.getTime());
  const [first] = names;
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      // At most 64 characters may stand here (RFC 5280, upper bounds); clients go by the alternative names.
      subject: [{ CN: [first.length <= 64 ? first : 'snap store'] }],
      issuer: issuer.subjectName.toJSON(),
      notBefore,
      notAfter: new Date(end),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: await importKey(authority.keyPem),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: pemOf(certificate), keyPem: await pemOfKey(keys.privateKey) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** Positive, as RFC 5280 §4.1.2.2 wants it: the first bit is not set, and the first byte is not zero. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}
