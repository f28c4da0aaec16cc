import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { AssertionsModule } from '../assertions/index.js';
import { HttpsModule } from '../https/index.js';
import { KeysModule } from '../keys/index.js';
import { SnapImportModule } from '../snap-import/index.js';
import { CarriedSecrets } from './carried/carried-secrets.js';
import { RegistrationIntake } from './carried/registration-intake.js';
import { RegistrationService } from './client/registration.service.js';
import { SelfIssuing } from './identity/self-issuing.js';
import { StoreIdentityRepository } from './identity/store-identity.repository.js';
import { StoreIdentityService } from './identity/store-identity.service.js';
import { OfflineBundleWriter } from './offline-bundle/offline-bundle-writer.js';
import { RegistrationVerifier } from './verification/registration-verifier.js';

@Module({
  imports: [AssertionsModule, HttpsModule, KeysModule, PlatformHttpModule, SnapImportModule],
  providers: [
    CarriedSecrets,
    OfflineBundleWriter,
    RegistrationIntake,
    RegistrationService,
    RegistrationVerifier,
    SelfIssuing,
    StoreIdentityRepository,
    StoreIdentityService,
  ],
  exports: [
    OfflineBundleWriter,
    RegistrationIntake,
    RegistrationService,
    RegistrationVerifier,
    SelfIssuing,
    StoreIdentityService,
  ],
})
export class RegistrationModule {}
