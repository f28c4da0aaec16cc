import { Controller, Get, Header, HttpCode, HttpStatus, Post, Req, UseFilters } from '@nestjs/common';
import type { Request } from 'express';

import { encodeMacaroon } from '../../../../formats/macaroon/index.js';
import type { Question } from '../../../../formats/registration-protocol/index.js';
import { readJson } from '../../../../platform/http/request-body.js';
import { AuthorityMacaroons } from '../login/macaroons.js';
import { RegistrationDesk } from '../registration-desk.js';
import { AuthorityErrorsFilter } from './authority-errors.filter.js';
import { AuthorityLocation } from './authority-location.js';
import { field, MAX_BODY } from './fields.js';

/** The authority (docs/registration-protocol.md). */
@Controller('api/registration/v1')
@UseFilters(AuthorityErrorsFilter)
export class RegistrationController {
  constructor(
    private readonly desk: RegistrationDesk,
    private readonly macaroons: AuthorityMacaroons,
    private readonly location: AuthorityLocation,
  ) {}

  @Post('macaroon')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async macaroon(@Req() request: Request): Promise<{ readonly macaroon: string }> {
    return { macaroon: encodeMacaroon(await this.macaroons.root(this.location.hostFor(request))) };
  }

  @Get('questions')
  @Header('cache-control', 'no-store')
  async questions(@Req() request: Request): Promise<{ readonly questions: readonly Question[] }> {
    await this.accountOf(request);
    return { questions: this.desk.questions() };
  }

  @Post('nonces')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async nonce(@Req() request: Request): Promise<{ readonly nonce: string; readonly 'expires-at': Date }> {
    const { nonce, expiresAt } = await this.desk.nonce(await this.accountOf(request));
    return { nonce, 'expires-at': expiresAt };
  }

  @Post('registrations')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async register(@Req() request: Request): Promise<{ readonly 'store-id': string; readonly assertions: string }> {
    const account = await this.accountOf(request);
    const body = await readJson(request, MAX_BODY);
    const issued = await this.desk.register(account, field(body, 'request'), this.location.urlFor(request));
    return { 'store-id': issued.storeId, assertions: issued.assertions.toString('utf8') };
  }

  private accountOf(request: Request): Promise<string> {
    return this.macaroons.accountOf(request.headers.authorization ?? null);
  }
}
