import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import type { DeviceRequest, DeviceRoute } from '../../../platform/http/device-route.js';
import { fastLaneOf } from '../../../platform/http/fast-lane.js';
import { Responder } from '../../../platform/http/responder.js';
import { parseSessionRequest } from './session-request.js';
import { SessionService } from './session.service.js';

/** Three assertions, of which a model may be large. */
const BODY_BYTES = 256 * 1024;

/**
 * The two requests that a device with a serial makes before any other, and without an answer to which every other one fails
 * (snapd: store/auth.go). In the fast lane where the application has one.
 */
@Injectable()
export class SessionApi implements OnModuleInit {
  readonly nonces: DeviceRoute;
  readonly sessions: DeviceRoute;

  constructor(
    private readonly service: SessionService,
    private readonly responder: Responder,
    private readonly host: HttpAdapterHost,
  ) {
    this.nonces = { method: 'POST', path: 'api/v1/snaps/auth/nonces', answer: () => this.nonceAnswer() };
    this.sessions = {
      method: 'POST',
      path: 'api/v1/snaps/auth/sessions',
      answer: (request) => this.sessionAnswer(request),
    };
  }

  onModuleInit(): void {
    fastLaneOf(this.host)?.open([this.nonces, this.sessions], this.responder);
  }

  private async nonceAnswer(): Promise<Answer> {
    return jsonAnswer(200, { nonce: await this.service.nonce() });
  }

  /** A device that renews its session sends the old one along; it proves nothing that the rest does not. */
  private async sessionAnswer(request: DeviceRequest): Promise<Answer> {
    const proof = parseSessionRequest(await request.json(BODY_BYTES));
    return jsonAnswer(200, { macaroon: await this.service.open(proof, request.header('user-agent')) });
  }
}
