import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { DeviceRoute } from '../../platform/http/device-route.js';
import { fastLaneOf } from '../../platform/http/fast-lane.js';
import { Responder } from '../../platform/http/responder.js';
import { RepairsService } from './repairs.service.js';

/** The route by which devices fetch repairs; in the fast lane where the application has one. */
@Injectable()
export class RepairsApi implements OnModuleInit {
  readonly repairs: DeviceRoute;

  constructor(
    repairs: RepairsService,
    private readonly responder: Responder,
    private readonly host: HttpAdapterHost,
  ) {
    this.repairs = {
      method: 'GET',
      path: 'v2/repairs/',
      answer: (request) =>
        repairs.answer(request.rest, {
          accept: request.header('accept'),
          ifNoneMatch: request.header('if-none-match'),
        }),
    };
  }

  onModuleInit(): void {
    fastLaneOf(this.host)?.open([this.repairs], this.responder);
  }
}
