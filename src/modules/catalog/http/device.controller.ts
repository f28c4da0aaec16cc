import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';

import { Responder } from '../../../platform/http/responder.js';
import { DeviceApi } from '../device/device-api.js';

/**
 * The device endpoints for applications that have no fast lane. Each line leads to the route that the lane has, and answers
 * byte for byte the same; errors are answered there too, so that no filter of the host has a say.
 */
@Controller()
export class DeviceController {
  constructor(
    private readonly api: DeviceApi,
    private readonly responder: Responder,
  ) {}

  @Get('v2/assertions/*rest')
  assertion(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'v2/assertions/');
  }

  @Get('v2/snaps/info/*rest')
  info(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'v2/snaps/info/');
  }

  @Post('v2/snaps/refresh')
  refresh(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'POST', 'v2/snaps/refresh');
  }

  @Post('v2/cohorts')
  cohorts(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'POST', 'v2/cohorts');
  }

  @Post('v2/messages')
  messages(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'POST', 'v2/messages');
  }

  @Get('api/v1/snaps/download/*rest')
  download(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'api/v1/snaps/download/');
  }

  @Get('api/v1/snaps/media/*rest')
  media(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'api/v1/snaps/media/');
  }

  @Get('api/v1/snaps/sections')
  sections(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'api/v1/snaps/sections');
  }

  @Get('api/v1/snaps/names')
  names(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'api/v1/snaps/names');
  }

  @Get('v2/snaps/categories')
  categories(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'v2/snaps/categories');
  }

  @Get('v2/snaps/find')
  find(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'v2/snaps/find');
  }

  @Get('api/v1/snaps/search')
  search(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', 'api/v1/snaps/search');
  }

  @Get('_status/check')
  status(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', '_status/check');
  }

  @Get()
  root(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.answer(request, response, 'GET', '');
  }

  private async answer(request: Request, response: Response, method: string, path: string): Promise<void> {
    const route = this.api.route(method, path);
    if (route === undefined) throw new Error(`there is no device route ${method} ${path}`);
    await this.responder.respondWith(request, response, route);
  }
}
