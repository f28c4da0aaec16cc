import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

import { environmentVariable } from '../../../platform/config/environment.js';

/** Where distributions keep the certificates that the machine's administrator trusts. */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The certificates in PEM that a server's may come from: those of the machine (or of `SSL_CERT_FILE`) and of `NODE_EXTRA_CA_CERTS`.
 * Node.js alone would take its own list instead, which no organisation's own authority is on.
 */
export function trustedCertificates(): string[] {
  const named = environmentVariable('SSL_CERT_FILE');
  const system = named === null ? firstOf(SYSTEM_FILES) : read(named);
  const extra = environmentVariable('NODE_EXTRA_CA_CERTS');
  return [...(system === null ? rootCertificates : [system]), ...(extra === null ? [] : [read(extra) ?? ''])];
}

function firstOf(files: readonly string[]): string | null {
  for (const file of files) {
    const content = read(file);
    if (content !== null) return content;
  }
  return null;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
