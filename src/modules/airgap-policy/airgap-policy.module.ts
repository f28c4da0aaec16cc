import { Module } from '@nestjs/common';

import { DataDirectory } from '../../platform/config/data-directory.js';
import { SettingsService } from '../../platform/config/settings.service.js';
import { LoggerFactory } from '../../platform/logging/logger.js';
import { AccessModule } from '../access/index.js';
import { AirgapEventRepository } from './mode/airgap-event.repository.js';
import { AirgapMode } from './mode/airgap-mode.js';
import { AirgapSwitch } from './mode/airgap-switch.js';
import { ImportPolicyRepository } from './rules/import-policy.repository.js';
import { ImportRules } from './rules/import-rules.js';

/** `ReadinessCheck` comes from where the rooms are put together. */
@Module({
  imports: [AccessModule],
  providers: [
    AirgapEventRepository,
    {
      // Without a decorator, as it also works where Nest is not loaded.
      provide: AirgapMode,
      inject: [AirgapEventRepository, DataDirectory, SettingsService, LoggerFactory],
      useFactory: (
        events: AirgapEventRepository,
        data: DataDirectory,
        settings: SettingsService,
        loggers: LoggerFactory,
      ) => new AirgapMode(events, data, settings, loggers),
    },
    AirgapSwitch,
    ImportPolicyRepository,
    ImportRules,
  ],
  exports: [AirgapMode, AirgapSwitch, ImportRules],
})
export class AirgapPolicyModule {}
