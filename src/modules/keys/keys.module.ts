import { Module } from '@nestjs/common';

import { KeyRepository } from './key.repository.js';
import { KeySettings } from './key-settings.js';
import { KeyService } from './key.service.js';
import { SigningService } from './signing.service.js';

@Module({
  providers: [KeyRepository, KeyService, KeySettings, SigningService],
  exports: [KeyService, SigningService],
})
export class KeysModule {}
