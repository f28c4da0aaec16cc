import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import type { DeviceRoute } from '../../../platform/http/device-route.js';
import { fastLaneOf } from '../../../platform/http/fast-lane.js';
import { Responder } from '../../../platform/http/responder.js';
import { nonceAnswer, sessionAnswer } from './session-answers.js';

/** Three assertions, of which a model may be large. */
const SESSION_BODY_BYTES = 256 * 1024;

/** The routes by which a device proves who it is; in the fast lane where the application has one. */
@Injectable()
export class SessionApi implements OnModuleInit {
  readonly nonces: DeviceRoute;
  readonly sessions: DeviceRoute;

  constructor(
    private readonly responder: Responder,
    private readonly host: HttpAdapterHost,
  ) {
    this.nonces = { method: 'POST', path: 'api/v1/snaps/auth/nonces', answer: nonceAnswer };
    this.sessions = {
      method: 'POST',
      path: 'api/v1/snaps/auth/sessions',
      answer: (request) => request.body(SESSION_BODY_BYTES).then(sessionAnswer),
    };
  }

  onModuleInit(): void {
    fastLaneOf(this.host)?.open([this.nonces, this.sessions], this.responder);
  }
}
