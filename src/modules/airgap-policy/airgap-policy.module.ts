import { Module } from '@nestjs/common';

import { AccessModule } from '../access/index.js';
import { AirgapEventRepository } from './mode/airgap-event.repository.js';
import { AirgapMode } from './mode/airgap-mode.js';
import { AirgapSwitch } from './mode/airgap-switch.js';
import { ImportPolicyRepository } from './rules/import-policy.repository.js';
import { ImportRules } from './rules/import-rules.js';

/** `ReadinessCheck` comes from where the rooms are put together. */
@Module({
  imports: [AccessModule],
  providers: [AirgapEventRepository, AirgapMode, AirgapSwitch, ImportPolicyRepository, ImportRules],
  exports: [AirgapMode, AirgapSwitch, ImportRules],
})
export class AirgapPolicyModule {}
