import { Module } from '@nestjs/common';

import { PlatformHttpModule } from '../../platform/http/platform-http.module.js';
import { AssertionsModule } from '../assertions/index.js';
import { RepairsController } from './http/repairs.controller.js';
import { RepairsApi } from './repairs-api.js';
import { RepairsService } from './repairs.service.js';

@Module({
  imports: [PlatformHttpModule, AssertionsModule],
  controllers: [RepairsController],
  providers: [RepairsService, RepairsApi],
})
export class RepairsModule {}
