import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { SessionController } from './http/session.controller.js';
import { SessionApi } from './sessions/session-api.js';

@Module({ imports: [PlatformHttpModule], controllers: [SessionController], providers: [SessionApi] })
export class DevicesModule {}
