import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { Responder } from '../../../platform/http/responder.js';
import { ClientSetupApi } from '../client-setup-api.js';

/** For applications that have no fast lane; answers the same. */
@Controller()
export class ClientSetupController {
  constructor(
    private readonly api: ClientSetupApi,
    private readonly responder: Responder,
  ) {}

  @Get('v2/auth/store/assertions')
  async assertions(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.responder.respondWith(request, response, this.api.assertions);
  }

  @Get('client-config')
  async clientConfig(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.responder.respondWith(request, response, this.api.clientConfig);
  }
}
