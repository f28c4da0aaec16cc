import { Controller, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { Responder } from '../../../platform/http/responder.js';
import { RegistrationApi } from '../registration/registration-api.js';

/** For applications that have no fast lane; answers the same. */
@Controller()
export class RegistrationController {
  constructor(
    private readonly api: RegistrationApi,
    private readonly responder: Responder,
  ) {}

  @Post('api/v1/snaps/auth/request-id')
  requestId(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'api/v1/snaps/auth/request-id');
  }

  @Post('api/v1/snaps/auth/devices')
  serial(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'api/v1/snaps/auth/devices');
  }

  @Post('v1/request-id')
  serviceRequestId(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'v1/request-id');
  }

  @Post('v1/serial')
  serviceSerial(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'v1/serial');
  }

  @Post('request-id')
  rootRequestId(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'request-id');
  }

  @Post('serial')
  rootSerial(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'serial');
  }

  private async answer(request: Request, response: Response, path: string): Promise<void> {
    const route = this.api.routes.find((one) => one.path === path);
    if (route === undefined) throw new Error(`there is no route ${path} for registrations`);
    await this.responder.respondWith(request, response, route);
  }
}
