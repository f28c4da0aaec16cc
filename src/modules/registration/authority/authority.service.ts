import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  decodeAssertionStream,
  encodeAssertionStream,
  type HeaderMap,
  signAssertion,
} from '../../../formats/assertion/index.js';
import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { Sealing } from '../../../platform/sealing/index.js';
import { KeyService, SigningService } from '../../keys/index.js';
import { AuthorityExistsError, AuthorityMissingError } from './authority.errors.js';
import { type AuthorityRoot, timestamp } from './authority-root.js';
import { AuthorityRepository } from './authority.repository.js';

const SECRET_PURPOSE = 'authority/secret';
const SECRET_BYTES = 32;

/** The authority that this installation is. */
export interface AuthorityIdentity {
  readonly accountId: string;
  readonly keyId: string;
  readonly assertions: readonly Assertion[];
  readonly createdAt: Date;
}

/** Founds the authority, says who it is, and signs in its name. */
@Injectable()
export class AuthorityService {
  constructor(
    private readonly repository: AuthorityRepository,
    private readonly keys: KeyService,
    private readonly signing: SigningService,
    private readonly sealing: Sealing,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes this installation the authority with this root; all of it or nothing.
   * @param key private half in PEM or armored OpenPGP
   * @throws AuthorityExistsError, and what taking in the key throws
   */
  async found(root: AuthorityRoot, key: Uint8Array): Promise<AuthorityIdentity> {
    const secret = await this.sealing.seal(randomBytes(SECRET_BYTES), SECRET_PURPOSE);
    await this.transaction.run(async () => {
      await this.repository.holdForTransaction();
      await this.refuseToReplace();
      await this.keys.importKey(key, 'authority');
      const roots = encodeAssertionStream(root.assertions);
      const { accountId, keyId } = root;
      await this.repository.found({ accountId, keyId, roots, secret, createdAt: this.clock.now() });
    });
    return this.identity();
  }

  /** @throws AuthorityExistsError */
  async refuseToReplace(): Promise<void> {
    const held = await this.repository.authority();
    if (held !== null) throw new AuthorityExistsError(held.accountId);
  }

  /** @throws AuthorityMissingError */
  async identity(): Promise<AuthorityIdentity> {
    const { accountId, keyId, roots, createdAt } = await this.held();
    return { accountId, keyId, assertions: await decodeAssertionStream(roots), createdAt };
  }

  /** What its macaroons are made with. @throws AuthorityMissingError, SealBrokenError */
  async secret(): Promise<Buffer> {
    return this.sealing.unseal((await this.held()).secret, SECRET_PURPOSE);
  }

  /** Signs as the authority. @throws AuthorityMissingError, and what opening the key throws */
  async sign(type: string, headers: HeaderMap, body?: string): Promise<Assertion> {
    const { accountId, keyId } = await this.held();
    const signedAt = this.clock.now();
    const key = await this.signing.signingKey(keyId);
    return signAssertion({
      type,
      headers: { 'authority-id': accountId, ...headers },
      ...(body === undefined ? {} : { body }),
      key,
      signedAt,
    });
  }

  /** As headers write it. */
  now(): string {
    return timestamp(this.clock.now());
  }

  private async held() {
    const authority = await this.repository.authority();
    if (authority === null) throw new AuthorityMissingError();
    return authority;
  }
}
