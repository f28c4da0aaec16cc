import { Module } from '@nestjs/common';

import { AssertionsModule } from '../assertions/index.js';
import { KeysModule } from '../keys/index.js';
import { RegistrationService } from './client/registration.service.js';
import { RegistrationVerifier } from './verification/registration-verifier.js';

@Module({
  imports: [AssertionsModule, KeysModule],
  providers: [RegistrationService, RegistrationVerifier],
  exports: [RegistrationService, RegistrationVerifier],
})
export class RegistrationModule {}
