import { Module } from '@nestjs/common';

import { AssertionsModule } from '../assertions/index.js';
import { RegistrationVerifier } from './verification/registration-verifier.js';

@Module({
  imports: [AssertionsModule],
  providers: [RegistrationVerifier],
  exports: [RegistrationVerifier],
})
export class RegistrationModule {}
