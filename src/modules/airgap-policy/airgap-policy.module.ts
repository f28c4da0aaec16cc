import { Module } from '@nestjs/common';

import { AccessModule } from '../access/index.js';
import { AirgapEventRepository } from './mode/airgap-event.repository.js';
import { AirgapMode } from './mode/airgap-mode.js';
import { AirgapSwitch } from './mode/airgap-switch.js';

/** `ReadinessCheck` comes from where the rooms are put together. */
@Module({
  imports: [AccessModule],
  providers: [AirgapEventRepository, AirgapMode, AirgapSwitch],
  exports: [AirgapMode, AirgapSwitch],
})
export class AirgapPolicyModule {}
