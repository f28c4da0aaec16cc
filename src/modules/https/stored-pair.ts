import { type CertificateChain, readCertificateChain, readPrivateKey, toPem } from '../../formats/certificate/index.js';
import { isSealed, type Sealing } from '../../platform/sealing/index.js';
import type { CertificateWithKey } from './issue.js';

export const CERTIFICATE_SETTING = 'proxy.tls.cert';
export const KEY_SETTING = 'proxy.tls.key';

/** The two settings as somebody wants them kept; the key sealed, or PEM in clear. */
export interface WantedPair {
  readonly certPem: string | null;
  readonly key: string | null;
}

/**
 * Sees to it that two settings go together; one without the other may wait for it.
 * @throws CertificateRefusedError where they do not, SealBrokenError
 */
export async function checkPair(sealing: Sealing, { certPem, key }: WantedPair): Promise<void> {
  if (key === null) return;
  const keyPem = isSealed(key) ? (await sealing.unseal(key, KEY_SETTING)).toString('utf8') : key;
  if (certPem === null) readPrivateKey(keyPem);
  else readCertificateChain(`${certPem}\n${keyPem}`);
}

/** The server's own certificate first; the key as PKCS#8, in clear. */
export function pemOf({ certificates, key }: CertificateChain): CertificateWithKey {
  return {
    certPem: certificates.map(({ raw }) => toPem('CERTIFICATE', raw)).join(''),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
