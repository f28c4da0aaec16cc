import { Injectable } from '@nestjs/common';

import { Settings } from '../../../platform/config/settings.js';
import { CertificateService } from '../../https/index.js';
import { type GenerateOptions, KeyService } from '../../keys/index.js';
import { RegistrationIntake } from '../carried/registration-intake.js';
import { registeredUrl } from '../store-url.js';
import { type StoreIdentity, StoreIdentityService } from './store-identity.service.js';

export interface SelfIssued {
  readonly identity: StoreIdentity;
  /** Who the store was before; null where it was nobody, or the same. */
  readonly before: StoreIdentity | null;
  readonly madeKeys: boolean;
}

/** Makes the store its own authority: there is no store assertion, and devices are pointed at its URL by other means. */
@Injectable()
export class SelfIssuing {
  constructor(
    private readonly intake: RegistrationIntake,
    private readonly identities: StoreIdentityService,
    private readonly keys: KeyService,
    private readonly certificates: CertificateService,
    private readonly settings: Settings,
  ) {}

  /**
   * Keys are made where there are none. The URL is https where there is a certificate.
   * @throws StoreUrlUnknownError where neither `proxy.domain` nor `proxy.public-url` is set; what making keys throws
   */
  async issue(options: Pick<GenerateOptions, 'onProgress' | 'signal'>): Promise<SelfIssued> {
    const scheme = (await this.certificates.current()) === null ? 'http' : 'https';
    const url = registeredUrl(this.settings, scheme);
    const held = await this.keys.find('identity');
    const key = held ?? (await this.keys.generate(options)).identity;
    const before = await this.identities.current();
    const bundle = {
      domain: new URL(url).hostname,
      url,
      storeId: null,
      privateKey: { kind: 'clear', pem: await this.keys.privatePem(key.id) } as const,
      publicKeyPem: key.publicPem,
      assertions: [],
      certificate: null,
      signerPem: null,
    };
    const identity = await this.intake.take({ bundle, file: 'the registration' }, { password: null });
    const isSame = before?.storeId === identity.storeId && before.url === identity.url;
    return { identity, before: isSame ? null : before, madeKeys: held === null };
  }
}
