import { Module } from '@nestjs/common';

import { BaseUrl } from './base-url.js';
import { Responder } from './responder.js';
import { StoreUrl } from './store-url.js';

/** What answers devices, for the modules that have something to answer. */
@Module({ providers: [BaseUrl, Responder, StoreUrl], exports: [BaseUrl, Responder, StoreUrl] })
export class PlatformHttpModule {}
