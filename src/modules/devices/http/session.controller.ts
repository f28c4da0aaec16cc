import { Controller, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { Responder } from '../../../platform/http/responder.js';
import { SessionApi } from '../sessions/session-api.js';

/** For applications that have no fast lane; answers the same. */
@Controller()
export class SessionController {
  constructor(
    private readonly api: SessionApi,
    private readonly responder: Responder,
  ) {}

  @Post('api/v1/snaps/auth/nonces')
  async nonce(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.responder.respondWith(request, response, this.api.nonces);
  }

  @Post('api/v1/snaps/auth/sessions')
  async session(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.responder.respondWith(request, response, this.api.sessions);
  }
}
