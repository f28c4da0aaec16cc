import { Module } from '@nestjs/common';

import { BrandKeyService } from './brand-key.service.js';
import { KeyRepository } from './key.repository.js';
import { KeySettings } from './key-settings.js';
import { KeyService } from './key.service.js';
import { SigningService } from './signing.service.js';
import { Pkcs11Token } from './token/pkcs11-token.js';
import { Pkcs11Tool } from './token/pkcs11-tool.js';

@Module({
  providers: [
    KeyRepository,
    KeyService,
    BrandKeyService,
    KeySettings,
    SigningService,
    Pkcs11Token,
    { provide: Pkcs11Tool, useFactory: () => new Pkcs11Tool() },
  ],
  exports: [KeyService, BrandKeyService, SigningService, Pkcs11Token],
})
export class KeysModule {}
