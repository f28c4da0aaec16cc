import { Injectable } from '@nestjs/common';
import type { Request } from 'express';

import { BadRequestError } from '../../../../platform/http/http.errors.js';

const HOST = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/i;

/** Where clients find this authority. */
@Injectable()
export class AuthorityLocation {
  /** @param url set by whoever runs it, behind a reverse proxy; null: as each client says in `Host` */
  constructor(private readonly url: string | null) {}

  /** Host, and port where it is not the scheme's own: what a caveat names. @throws BadRequestError */
  hostFor(request: Request): string {
    return new URL(this.urlFor(request)).host;
  }

  /** @throws BadRequestError */
  urlFor(request: Request): string {
    if (this.url !== null) return this.url;
    const { host = '' } = request.headers;
    if (!HOST.test(host)) throw new BadRequestError('the request does not say in "Host" whom it is for');
    return `${'encrypted' in request.socket ? 'https' : 'http'}://${host}`;
  }
}
