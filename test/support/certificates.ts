import 'reflect-metadata';

import { createPrivateKey, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 },
  'rsa-1024': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 1024,
  },
  ed25519: { name: 'Ed25519' },
} as const;

export interface CertificatePlan {
  readonly name: string;
  /** DNS names; `dns` where they are all of it. */
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly from?: Date;
  readonly to?: Date;
  readonly kind?: keyof typeof ALGORITHMS;
  readonly isAuthority?: boolean;
  readonly usages?: readonly string[];
  /** Absent: signed by itself. */
  readonly issuer?: TestCertificate;
  /** Instead of a new pair. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly hash?: 'SHA-1' | 'SHA-256';
}

/** A certificate with its key, made for one test. */
export interface TestCertificate {
  readonly pem: string;
  readonly key: KeyObject;
  /** PKCS#8. */
  readonly keyPem: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly plan: CertificatePlan;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export async function makeCertificate(plan: CertificatePlan): Promise<TestCertificate> {
  const { name, dns = [], ip = [], isAuthority = false, issuer, usages } = plan;
  const keys =
    plan.keys ??
    ((await webcrypto.subtle.generateKey(ALGORITHMS[plan.kind ?? 'ec'], true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair);
  const names: JsonGeneralNames = [
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...ip.map((value) => ({ type: 'ip' as const, value })),
  ];
  const signingKind = issuer?.plan.kind ?? plan.kind ?? 'ec';
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: `40${randomBytes(8).toString('hex')}`,
      subject: `CN=${name}`,
      issuer: `CN=${issuer?.plan.name ?? name}`,
      notBefore: plan.from ?? new Date(Date.now() - DAY_MS),
      notAfter: plan.to ?? new Date(Date.now() + 90 * DAY_MS),
      signingAlgorithm: { ...ALGORITHMS[signingKind], ...(plan.hash === undefined ? {} : { hash: plan.hash }) },
      publicKey: keys.publicKey,
      signingKey: await signingKey(issuer?.keys ?? keys, plan.hash),
      extensions: [
        new BasicConstraintsExtension(isAuthority, undefined, true),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
        ...(usages === undefined ? [] : [new ExtendedKeyUsageExtension([...usages])]),
      ],
    },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { pem: `${certificate.toString('pem').trimEnd()}\n`, key, keyPem, keys, plan };
}

/** A root, an intermediate, and a server's certificate. */
export async function makeChain(
  leaf: Omit<CertificatePlan, 'issuer'>,
): Promise<{ root: TestCertificate; intermediate: TestCertificate; leaf: TestCertificate }> {
  const root = await makeCertificate({ name: 'Test root', isAuthority: true });
  const intermediate = await makeCertificate({ name: 'Test intermediate', isAuthority: true, issuer: root });
  return { root, intermediate, leaf: await makeCertificate({ ...leaf, issuer: intermediate }) };
}

/** WebCrypto binds a key to one digest. */
async function signingKey(keys: webcrypto.CryptoKeyPair, hash?: string): Promise<webcrypto.CryptoKey> {
  if (hash === undefined) return keys.privateKey;
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { name: keys.privateKey.algorithm.name, hash }, false, ['sign']);
}
