import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import {
  decodeMacaroon,
  InvalidMacaroonError,
  Macaroon,
  MacaroonRefusedError,
  verifyMacaroon,
} from '../../../../formats/macaroon/index.js';
import { Clock } from '../../../../kernel/clock.js';
import { AuthorityService } from '../authority.service.js';
import { AuthorizationInvalidError } from '../authority.errors.js';

const LIFE_MS = 30 * 60 * 1000;
const EXPIRES = 'expires ';
const ACCOUNT = 'account ';
const CAVEAT_ID = /^[A-Za-z0-9_-]{32}$/;

/**
 * The macaroons of an authority that is its own identity provider. Both know one secret: the key of a discharge comes from it and
 * the caveat's id, so that nothing has to be remembered between the two.
 */
@Injectable()
export class AuthorityMacaroons {
  constructor(
    private readonly authority: AuthorityService,
    private readonly clock: Clock,
  ) {}

  /** The right to speak to the authority, once somebody has logged in at this place. */
  async root(location: string): Promise<Macaroon> {
    const secret = await this.authority.secret();
    const id = randomBytes(24).toString('base64url');
    return Macaroon.create(location, randomBytes(16), keyFor(secret, 'root'))
      .withCaveat(this.expiry())
      .withThirdPartyCaveat({ location, key: keyFor(secret, `caveat ${id}`), id: Buffer.from(id) });
  }

  /** Says for a caveat who has logged in. Null for a caveat that no root macaroon of ours has. */
  async discharge(caveatId: string, accountId: string, location: string): Promise<Macaroon | null> {
    if (!CAVEAT_ID.test(caveatId)) return null;
    const secret = await this.authority.secret();
    return Macaroon.create(location, Buffer.from(caveatId), keyFor(secret, `caveat ${caveatId}`))
      .withCaveat(`${ACCOUNT}${accountId}`)
      .withCaveat(this.expiry());
  }

  /**
   * Who speaks: `Macaroon root="…", discharge="…"`.
   * @returns the account id
   * @throws AuthorizationInvalidError
   */
  async accountOf(header: string | null): Promise<string> {
    const [, rootText = '', dischargeText = ''] =
      /^Macaroon root="([^"]+)", ?discharge="([^"]+)"$/.exec(header ?? '') ?? [];
    if (rootText === '')
      throw new AuthorizationInvalidError('there is no root macaroon with its discharge in "Authorization"');
    const accounts = new Set<string>();
    try {
      const key = keyFor(await this.authority.secret(), 'root');
      verifyMacaroon(decodeMacaroon(rootText), key, [decodeMacaroon(dischargeText)], (condition) => {
        if (condition.startsWith(ACCOUNT)) accounts.add(condition.slice(ACCOUNT.length));
        return condition.startsWith(ACCOUNT) || this.isStillValid(condition);
      });
    } catch (error) {
      if (!(error instanceof MacaroonRefusedError || error instanceof InvalidMacaroonError)) throw error;
      throw new AuthorizationInvalidError(error.message, {}, { cause: error });
    }
    // Anybody can add a condition to a macaroon that he holds, and that may only ever narrow it.
    const [account] = accounts;
    if (account === undefined || accounts.size > 1)
      throw new AuthorizationInvalidError('the macaroon is not about one account');
    return account;
  }

  private expiry(): string {
    return `${EXPIRES}${new Date(this.clock.now().getTime() + LIFE_MS).toISOString()}`;
  }

  private isStillValid(condition: string): boolean {
    return condition.startsWith(EXPIRES) && this.clock.now() < new Date(condition.slice(EXPIRES.length));
  }
}

function keyFor(secret: Buffer, purpose: string): Buffer {
  return createHmac('sha256', secret).update(`snap-store-proxy authority ${purpose}`).digest();
}
