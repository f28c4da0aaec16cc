import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { DeviceRoute } from '../../platform/http/device-route.js';
import { fastLaneOf } from '../../platform/http/fast-lane.js';
import { Responder } from '../../platform/http/responder.js';
import { ClientSetupService } from './client-setup.service.js';

/** The routes by which a device is set up; in the fast lane where the application has one. */
@Injectable()
export class ClientSetupApi implements OnModuleInit {
  readonly assertions: DeviceRoute;
  readonly clientConfig: DeviceRoute;

  constructor(
    setup: ClientSetupService,
    private readonly responder: Responder,
    private readonly host: HttpAdapterHost,
  ) {
    this.assertions = {
      method: 'GET',
      path: 'v2/auth/store/assertions',
      answer: () => setup.assertionsAnswer(),
    };
    this.clientConfig = {
      method: 'GET',
      path: 'client-config',
      answer: (request) => setup.scriptAnswer(request.parameters(), request.baseUrl),
    };
  }

  onModuleInit(): void {
    fastLaneOf(this.host)?.open([this.assertions, this.clientConfig], this.responder);
  }
}
