import { Global, Injectable, Module } from '@nestjs/common';

import { Clock } from './kernel/clock.js';
import { type MissingPart, ReadinessCheck } from './modules/airgap-policy/index.js';
import { CertificateService, HttpsModule } from './modules/https/index.js';
import { KeyService, KeysModule } from './modules/keys/index.js';
import {
  RegistrationIntake,
  RegistrationModule,
  RegistrationSealedError,
  StoreIdentityService,
} from './modules/registration/index.js';
import { environmentVariable } from './platform/config/environment.js';
import { Settings } from './platform/config/settings.js';

/** The password that a bundle was made with, under the name that the original gives it. */
const INSTALL_PASSWORD = 'SNAPSTORE_BETA_PASSWORD';

const REGISTER =
  '"snap-store-proxy register --from-bundle FILE" takes one in, and "register --self-issued" needs nobody';

/** What air-gapped mode wants to know of rooms that stand above it. */
@Injectable()
class StoreReadiness extends ReadinessCheck {
  constructor(
    private readonly keys: KeyService,
    private readonly intake: RegistrationIntake,
    private readonly identities: StoreIdentityService,
    private readonly certificates: CertificateService,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {
    super();
  }

  async takeInCarried(): Promise<void> {
    const outcome = await this.intake.takeCarried({ password: environmentVariable(INSTALL_PASSWORD) });
    if (outcome.state === 'sealed') throw new RegistrationSealedError(outcome.file);
  }

  async missing(): Promise<MissingPart[]> {
    const missing: MissingPart[] = [];
    if ((await this.keys.find('identity')) === null)
      missing.push({ what: 'keys', mend: '"snap-store-proxy generate-keys" makes them' });
    if ((await this.identities.current()) === null) missing.push({ what: 'registration', mend: REGISTER });
    return missing;
  }

  async warnings(): Promise<string[]> {
    const { certificates, settings } = this;
    if ((await certificates.current()) === null)
      return ['HTTPS is off: "snap-store-proxy import-certificate" turns it on'];
    const problems = await certificates.check(settings.get('proxy.domain'), this.clock.now());
    return problems.map(({ message }) => `HTTPS: ${message}`);
  }
}

/** Global, since the room that asks does not know the rooms that can tell. */
@Global()
@Module({
  imports: [HttpsModule, KeysModule, RegistrationModule],
  providers: [{ provide: ReadinessCheck, useClass: StoreReadiness }],
  exports: [ReadinessCheck],
})
export class StoreReadinessModule {}
