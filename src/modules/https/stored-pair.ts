import { readCertificateChain, readPrivateKey, toPem, type CertificateChain } from '../../formats/certificate/index.js';
import { isSealed, type Sealing } from '../../platform/sealing/index.js';
import type { CertificateWithKey } from './issue.js';

export const CERTIFICATE_SETTING = 'proxy.tls.cert';
export const KEY_SETTING = 'proxy.tls.key';

/** The two settings as they are kept, or as somebody wants them kept. */
export interface StoredPair {
  /** The server's own certificate first. */
  readonly certPem: string | null;
  /** Sealed, or PEM in clear: that may come from an operator, the environment or a `--config` file. */
  readonly key: string | null;
}

/** @throws CertificateRefusedError where the two do not belong together, SealBrokenError */
export async function openPair(sealing: Sealing, { certPem, key }: StoredPair): Promise<CertificateChain | null> {
  return certPem === null || key === null ? null : readCertificateChain(`${certPem}\n${await openKey(sealing, key)}`);
}

/**
 * What to keep of two values: in order, and the key sealed. One without the other is kept for the day when that comes.
 * @throws CertificateRefusedError where they do not belong together, SealBrokenError
 */
export async function sealPair(sealing: Sealing, pair: StoredPair): Promise<StoredPair> {
  const chain = await openPair(sealing, pair);
  if (chain !== null) return sealChain(sealing, chain);
  if (pair.key === null) return pair;
  const { key } = readPrivateKey(await openKey(sealing, pair.key));
  return { certPem: pair.certPem, key: await sealKey(sealing, key.export({ type: 'pkcs8', format: 'pem' })) };
}

export async function sealChain(
  sealing: Sealing,
  chain: CertificateChain,
): Promise<StoredPair & { readonly certPem: string; readonly key: string }> {
  const { certPem, keyPem } = pemOf(chain);
  return { certPem, key: await sealKey(sealing, keyPem) };
}

export function pemOf({ certificates, key }: CertificateChain): CertificateWithKey {
  return {
    certPem: certificates.map(({ raw }) => toPem('CERTIFICATE', raw)).join(''),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function sealKey(sealing: Sealing, pem: string | Buffer): Promise<string> {
  return sealing.seal(Buffer.from(pem), KEY_SETTING);
}

async function openKey(sealing: Sealing, key: string): Promise<string> {
  return isSealed(key) ? (await sealing.unseal(key, KEY_SETTING)).toString('utf8') : key;
}
