import { X509Certificate } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { Injectable } from '@nestjs/common';

import {
  type CertificateChain,
  type CertificateProblem,
  CertificateRefusedError,
  isSelfSigned,
  namesOf,
  problemsOf,
  readCertificateChain,
  toPem,
} from '../../formats/certificate/index.js';
import { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/store-error.js';
import { Settings } from '../../platform/config/settings.js';
import { SettingsService } from '../../platform/config/settings.service.js';
import { DomainNotSetError } from './https.errors.js';
import type { CertificateWithKey } from './issue.js';
import { OwnAuthority } from './own-authority.js';
import { CERTIFICATE_SETTING, KEY_SETTING, pemOf } from './stored-pair.js';

/** What there is to know of the certificate that is set, apart from its key. */
export interface CertificateInfo {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly issuer: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly fingerprint256: string;
}

export interface TakenCertificate {
  readonly certificate: CertificateInfo;
  /** What will not do for long. */
  readonly warnings: readonly CertificateProblem[];
}

export interface SelfSignedCertificate extends TakenCertificate {
  /** What devices have to trust. */
  readonly caPem: string;
  /** False where the authority was there before: devices that trust it need nothing new. */
  readonly isNewAuthority: boolean;
}

/**
 * The certificate with which the store answers over HTTPS: two settings, the key of which is sealed. Every process of the
 * store hears of a change and takes it up.
 */
@Injectable()
export class CertificateService {
  constructor(
    private readonly settings: Settings,
    private readonly changes: SettingsService,
    private readonly authority: OwnAuthority,
    private readonly clock: Clock,
  ) {}

  /** The one that is set; null where certificate or key is not. @throws CertificateRefusedError where it cannot be read */
  current(): Promise<CertificateInfo | null> {
    const chain = this.storedCertificates();
    return Promise.resolve(chain === null ? null : infoOf(chain[0]));
  }

  /**
   * Takes a certificate, its key and what lies between it and its root, PEM in any order, if devices would take it.
   * @param domain the name or the address by which devices reach the store; null where that is not known
   * @throws CertificateRefusedError naming the piece and what is wrong with it; what was set stays
   */
  async import(pem: string, { domain }: { readonly domain: string | null }): Promise<TakenCertificate> {
    const chain = readCertificateChain(pem);
    const problems = problemsOf(chain.certificates, { now: this.clock.now(), domain });
    const fatal = problems.find(({ isFatal }) => isFatal);
    if (fatal !== undefined) throw new CertificateRefusedError(fatal.message, { problem: fatal.kind });
    await this.keep(chain);
    return { certificate: infoOf(chain.certificates[0]), warnings: problems };
  }

  /**
   * Makes a certificate for the domain and this machine's addresses, signed by the store's own authority.
   * @throws DomainNotSetError, SealBrokenError
   */
  async selfSign({ domain }: { readonly domain: string | null }): Promise<SelfSignedCertificate> {
    if (domain === null) throw new DomainNotSetError();
    const authority = await this.authority.obtain(domain);
    // What makes certificates is large, and seldom needed.
    const { issueServerCertificate } = await import('./issue.js');
    const made = await issueServerCertificate(authority, namesFor(domain), this.clock.now());
    // The authority is shown too, so that whoever looks at the store's chain finds what to trust.
    const taken = await this.import(made.certPem + authority.certPem + made.keyPem, { domain });
    return { ...taken, caPem: authority.certPem, isNewAuthority: authority.isNew };
  }

  /**
   * The certificate that a device needs to trust to trust the store's, as far as the chain shows it: our own authority, or
   * the root that was imported along. Null where a public authority or one that devices know already vouches.
   */
  caPem(): Promise<string | null> {
    const end = this.storedCertificates()?.at(-1);
    return Promise.resolve(end !== undefined && isSelfSigned(end) ? toPem('CERTIFICATE', end.raw) : null);
  }

  /** What is wrong with the certificate that is set, or will be within a month; empty where it is well or there is none. */
  check(domain: string | null, now: Date): Promise<CertificateProblem[]> {
    const chain = this.storedCertificates();
    return Promise.resolve(chain === null ? [] : problemsOf(chain, { now, domain }));
  }

  /**
   * Chain and key as a server takes them; null where HTTPS is off.
   * @throws SealBrokenError, CertificateRefusedError where they do not belong together
   */
  async serving(): Promise<CertificateWithKey | null> {
    const certPem = this.settings.get(CERTIFICATE_SETTING);
    const keyPem = await this.changes.secret(KEY_SETTING);
    return certPem === null || keyPem === null ? null : pemOf(readCertificateChain(`${certPem}\n${keyPem}`));
  }

  /** As `serving`, for a bundle that goes to the closed network: the key is in clear. */
  exportForBundle(): Promise<CertificateWithKey | null> {
    return this.serving();
  }

  /**
   * Takes over what was set elsewhere: it has to belong together, and what else is wrong with it is a warning.
   * @throws CertificateRefusedError
   */
  async adopt({ certPem, keyPem }: CertificateWithKey): Promise<TakenCertificate> {
    const chain = readCertificateChain(`${certPem}\n${keyPem}`);
    await this.keep(chain);
    const warnings = problemsOf(chain.certificates, {
      now: this.clock.now(),
      domain: this.settings.get('proxy.domain'),
    });
    return { certificate: infoOf(chain.certificates[0]), warnings };
  }

  private async keep(chain: CertificateChain): Promise<void> {
    const { certPem, keyPem } = pemOf(chain);
    await this.changes.change(
      new Map([
        [CERTIFICATE_SETTING, certPem],
        [KEY_SETTING, keyPem],
      ]),
    );
  }

  private storedCertificates(): readonly [X509Certificate, ...X509Certificate[]] | null {
    const pem = this.settings.get(CERTIFICATE_SETTING);
    if (pem === null || this.settings.get(KEY_SETTING) === null) return null;
    try {
      const [leaf, ...issuers] = pem.match(PIECE) ?? [];
      return [new X509Certificate(leaf ?? ''), ...issuers.map((piece) => new X509Certificate(piece))];
    } catch (error) {
      throw new CertificateRefusedError(`${CERTIFICATE_SETTING} cannot be read: ${messageOf(error)}`);
    }
  }
}

const PIECE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function infoOf(leaf: X509Certificate): CertificateInfo {
  return {
    names: namesOf(leaf),
    issuer: isSelfSigned(leaf) ? 'itself' : issuerName(leaf),
    validFrom: new Date(leaf.validFrom),
    validTo: new Date(leaf.validTo),
    fingerprint256: leaf.fingerprint256,
  };
}

/** The issuer's common name, else the first part of its name. */
function issuerName(certificate: X509Certificate): string {
  const parts = certificate.issuer.split('\n');
  return (parts.find((part) => part.startsWith('CN='))?.slice('CN='.length) ?? parts[0] ?? '').slice(0, 80);
}

/** The domain first; then how the machine is reached from itself and from its neighbours. */
function namesFor(domain: string): readonly [string, ...string[]] {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = own
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:') && !address.includes('%'));
  const bare = domain.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const others = ['localhost', '127.0.0.1', ...addresses].filter((name) => name !== bare);
  return [bare, ...new Set(others)];
}
