import { Global, Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { AssertionsModule } from '../assertions/index.js';
import { DeviceAdmission } from '../catalog/index.js';
import { ModelServiceModule } from '../model-service/index.js';
import { AdmissionRules } from './admission/admission-rules.js';
import { RestrictionService } from './admission/restriction.service.js';
import { SessionAdmission } from './admission/session-admission.js';
import { SnapRestrictionRepository } from './admission/snap-restriction.repository.js';
import { SessionController } from './http/session.controller.js';
import { DeviceRepository } from './known/device.repository.js';
import { DeviceService } from './known/device.service.js';
import { LastSeen } from './known/last-seen.js';
import { SessionApi } from './sessions/session-api.js';
import { SessionKeySource } from './sessions/session-keys.js';
import { SessionProof } from './sessions/session-proof.js';
import { SessionService } from './sessions/session.service.js';
import { SpentNonceRepository } from './sessions/spent-nonce.repository.js';
import { DeviceUpkeep } from './upkeep.js';

/** Global for one thing: the catalog asks for a `DeviceAdmission`, and must not know who gives it. */
@Global()
@Module({
  imports: [PlatformHttpModule, AssertionsModule, ModelServiceModule],
  controllers: [SessionController],
  providers: [
    DeviceRepository,
    SpentNonceRepository,
    SnapRestrictionRepository,
    DeviceService,
    LastSeen,
    SessionKeySource,
    SessionProof,
    SessionService,
    SessionApi,
    AdmissionRules,
    SessionAdmission,
    { provide: DeviceAdmission, useExisting: SessionAdmission },
    RestrictionService,
    DeviceUpkeep,
  ],
  exports: [DeviceAdmission, DeviceService, RestrictionService, DeviceUpkeep],
})
export class DevicesModule {}
