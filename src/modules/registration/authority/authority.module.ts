import { type DynamicModule, Module } from '@nestjs/common';

import type { Question } from '../../../formats/registration-protocol/index.js';
import { KeysModule } from '../../keys/index.js';
import { AuthorityRepository } from './authority.repository.js';
import { AuthorityService } from './authority.service.js';
import { AuthorityLocation } from './http/authority-location.js';
import { RegistrationController } from './http/registration.controller.js';
import { SignOnController } from './http/sign-on.controller.js';
import { LoginService } from './login/login.service.js';
import { AuthorityMacaroons } from './login/macaroons.js';
import { OperatorService } from './operator.service.js';
import { RegistrationDesk, Survey } from './registration-desk.js';

/** Founding an authority and looking after it. It listens nowhere. */
@Module({
  imports: [KeysModule],
  providers: [AuthorityRepository, AuthorityService, OperatorService],
  exports: [AuthorityRepository, AuthorityService, OperatorService],
})
export class AuthorityModule {}

export interface AuthorityServerOptions {
  readonly questions: readonly Question[];
  /** Where clients find it, where they do not say so in `Host`; null otherwise. */
  readonly url: string | null;
}

/** The authority and its identity provider as servers. For a program of its own: no store has these routes. */
@Module({})
export class AuthorityServerModule {
  static forRoot({ questions, url }: AuthorityServerOptions): DynamicModule {
    return {
      module: AuthorityServerModule,
      imports: [AuthorityModule],
      controllers: [RegistrationController, SignOnController],
      providers: [
        { provide: Survey, useValue: { questions } satisfies Survey },
        { provide: AuthorityLocation, useValue: new AuthorityLocation(url) },
        AuthorityMacaroons,
        LoginService,
        RegistrationDesk,
      ],
    };
  }
}
