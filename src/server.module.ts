import { type DynamicModule, Module } from '@nestjs/common';

import { AppModule } from './app.module.js';
import { ObservabilityModule } from './observability/index.js';
import type { PlatformOptions } from './platform/platform.module.js';

/** The store that listens by itself: with what is a host application's own affair where the store is embedded. */
@Module({})
export class ServerModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return { module: ServerModule, imports: [AppModule.forRoot(options), ObservabilityModule] };
  }
}
