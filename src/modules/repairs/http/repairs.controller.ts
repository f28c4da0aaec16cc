import { Controller, Get, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { Responder } from '../../../platform/http/responder.js';
import { RepairsApi } from '../repairs-api.js';

/** For applications that have no fast lane; answers the same. */
@Controller()
export class RepairsController {
  constructor(
    private readonly api: RepairsApi,
    private readonly responder: Responder,
  ) {}

  @Get('v2/repairs/*rest')
  async repair(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.responder.respondWith(request, response, this.api.repairs);
  }
}
