import { Module } from '@nestjs/common';

import { BaseUrl } from './base-url.js';
import { Responder } from './responder.js';

/** What answers devices, for the modules that have something to answer. */
@Module({ providers: [BaseUrl, Responder], exports: [BaseUrl, Responder] })
export class PlatformHttpModule {}
