import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { fastLaneOf } from '../../../platform/http/fast-lane.js';
import { Responder } from '../../../platform/http/responder.js';
import { DeviceApi } from '../device/device-api.js';

/** Opens the fast lane for devices where the application has one. */
@Injectable()
export class DeviceLane implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly api: DeviceApi,
    private readonly responder: Responder,
  ) {}

  onModuleInit(): void {
    fastLaneOf(this.host)?.open(this.api.routes, this.responder);
  }
}
