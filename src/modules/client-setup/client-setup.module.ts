import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { HttpsModule } from '../https/index.js';
import { RegistrationModule } from '../registration/index.js';
import { ClientSetupApi } from './client-setup-api.js';
import { ClientSetupService } from './client-setup.service.js';
import { ClientSetupController } from './http/client-setup.controller.js';

@Module({
  imports: [PlatformHttpModule, HttpsModule, RegistrationModule],
  controllers: [ClientSetupController],
  providers: [ClientSetupService, ClientSetupApi],
  exports: [ClientSetupService],
})
export class ClientSetupModule {}
