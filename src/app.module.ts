import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';

import { AirgapPolicyModule } from './modules/airgap-policy/index.js';
import { AssertionsModule } from './modules/assertions/index.js';
import { BlobsModule } from './modules/blobs/index.js';
import { CatalogModule } from './modules/catalog/index.js';
import { ClientSetupModule } from './modules/client-setup/index.js';
import { DevicesModule } from './modules/devices/index.js';
import { HttpsModule } from './modules/https/index.js';
import { IntegrityModule } from './modules/integrity/index.js';
import { KeysModule } from './modules/keys/index.js';
import { ModelServiceModule } from './modules/model-service/index.js';
import { AuthorityModule, RegistrationModule } from './modules/registration/index.js';
import { RepairsModule } from './modules/repairs/index.js';
import { SnapExportModule } from './modules/snap-export/index.js';
import { SnapImportModule } from './modules/snap-import/index.js';
import { ValidationSetsModule } from './modules/validation-sets/index.js';
import { PlatformModule, type PlatformOptions } from './platform/platform.module.js';
import { StoreReadinessModule } from './store-readiness.module.js';

/** The store as a program of its own: every room on one platform. */
@Module({})
export class AppModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(options),
        ScheduleModule.forRoot(),
        KeysModule,
        StoreReadinessModule,
        AirgapPolicyModule,
        AssertionsModule,
        BlobsModule,
        CatalogModule,
        DevicesModule,
        SnapImportModule,
        SnapExportModule,
        ModelServiceModule,
        IntegrityModule,
        RegistrationModule,
        AuthorityModule,
        HttpsModule,
        ClientSetupModule,
        RepairsModule,
        ValidationSetsModule,
      ],
    };
  }
}
