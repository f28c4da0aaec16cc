import { Controller, Header, HttpCode, HttpStatus, Post, Req, UseFilters } from '@nestjs/common';
import type { Request } from 'express';

import { encodeMacaroon } from '../../../../formats/macaroon/index.js';
import { readJson } from '../../../../platform/http/request-body.js';
import { LoginService } from '../login/login.service.js';
import { AuthorityErrorsFilter } from './authority-errors.filter.js';
import { AuthorityLocation } from './authority-location.js';
import { MAX_SMALL_BODY, optionalText, text } from './fields.js';

/** The identity provider. Its one route is where every client of such a provider looks for it. */
@Controller('api/v2/tokens')
@UseFilters(AuthorityErrorsFilter)
export class SignOnController {
  constructor(
    private readonly logins: LoginService,
    private readonly location: AuthorityLocation,
  ) {}

  @Post('discharge')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async discharge(@Req() request: Request): Promise<{ readonly discharge_macaroon: string }> {
    const body = await readJson(request, MAX_SMALL_BODY);
    const discharge = await this.logins.logIn({
      email: text(body, 'email', 320),
      password: text(body, 'password', 1000),
      otp: optionalText(body, 'otp', 20),
      caveatId: text(body, 'caveat_id', 4000),
      address: request.socket.remoteAddress ?? '',
      location: this.location.hostFor(request),
    });
    return { discharge_macaroon: encodeMacaroon(discharge) };
  }
}
