import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { AssertionsModule } from '../assertions/index.js';
import { KeysModule } from '../keys/index.js';
import { RegistrationController } from './http/registration.controller.js';
import { ModelRepository } from './models/model.repository.js';
import { ModelService } from './models/model.service.js';
import { SerialPolicyService } from './models/serial-policy.service.js';
import { RegistrarService } from './registration/registrar.service.js';
import { RegistrationApi } from './registration/registration-api.js';
import { RequestIds } from './registration/request-ids.js';
import { SerialLogService } from './serials/serial-log.service.js';
import { SerialRepository } from './serials/serial.repository.js';

@Module({
  imports: [PlatformHttpModule, AssertionsModule, KeysModule],
  controllers: [RegistrationController],
  providers: [
    ModelRepository,
    SerialRepository,
    ModelService,
    SerialPolicyService,
    SerialLogService,
    RequestIds,
    RegistrarService,
    RegistrationApi,
  ],
  exports: [ModelService, SerialPolicyService, SerialLogService],
})
export class ModelServiceModule {}
