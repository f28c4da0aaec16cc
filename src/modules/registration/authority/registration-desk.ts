import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  AssertionRefusedError,
  decodeAssertionStream,
  encodeAssertionStream,
} from '../../../formats/assertion/index.js';
import type { RsaPublicKey } from '../../../formats/openpgp/index.js';
import {
  type Answers,
  checkAnswers,
  openRegistrationRequest,
  type Question,
} from '../../../formats/registration-protocol/index.js';
import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { type Logger, LoggerFactory } from '../../../platform/logging/logger.js';
import { isSameUrl } from '../store-url.js';
import { AuthorizationInvalidError, NonceUnknownError, RegistrationDeniedError } from './authority.errors.js';
import { chainBelowRoot } from './authority-root.js';
import { AuthorityRepository } from './authority.repository.js';
import { AuthorityService } from './authority.service.js';
import type { AuthorityOperator } from './entities/authority-operator.entity.js';
import type { RegisteredStore } from './entities/registered-store.entity.js';
import { randomId } from './random-id.js';

const NONCE_LIFE_MS = 10 * 60 * 1000;
/** More than anybody needs; whoever asks for more loses his oldest. */
const NONCES_OF_AN_OPERATOR = 10;
const MAX_STORES_OF_AN_OPERATOR = 1000;

/** What the desk wants to know of whoever registers. Bound by whoever opens it. */
export abstract class Survey {
  abstract readonly questions: readonly Question[];
}

export interface Issued {
  readonly storeId: string;
  readonly assertions: Buffer;
}

/** Registers stores: gives out nonces, checks requests, and issues the store assertion with what it needs. */
@Injectable()
export class RegistrationDesk {
  private readonly log: Logger;

  constructor(
    private readonly repository: AuthorityRepository,
    private readonly authority: AuthorityService,
    private readonly survey: Survey,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('authority');
  }

  questions(): readonly Question[] {
    return this.survey.questions;
  }

  async nonce(accountId: string): Promise<{ readonly nonce: string; readonly expiresAt: Date }> {
    const operator = await this.operator(accountId);
    const nonce = randomBytes(32).toString('base64url');
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + NONCE_LIFE_MS);
    await this.transaction.run(async () => {
      await this.repository.holdForTransaction();
      const others = await this.repository.noncesOf(operator.accountId, now);
      for (const { digest } of others.slice(0, Math.max(0, others.length + 1 - NONCES_OF_AN_OPERATOR))) {
        await this.repository.removeNonce(digest);
      }
      await this.repository.addNonce({ digest: digestOf(nonce), operatorId: operator.accountId, expiresAt });
    });
    return { nonce, expiresAt };
  }

  /**
   * The key decides which store it is. Asking again for the same URL gives the same answer; another URL is another revision.
   * @param location of this authority, as its clients address it
   * @throws InvalidRegistrationRequestError, NonceUnknownError, InvalidAnswerError, RegistrationDeniedError
   */
  async register(accountId: string, signedRequest: unknown, location: string): Promise<Issued> {
    const operator = await this.operator(accountId);
    const { request, key } = openRegistrationRequest(signedRequest);
    if (!isSamePlace(request.authority, location)) {
      throw new RegistrationDeniedError(`the request is for another authority, ${request.authority.slice(0, 200)}`);
    }
    // Used up by every request that could be read, granted or not.
    if (!(await this.repository.useNonce(digestOf(request.nonce), operator.accountId, this.clock.now()))) {
      throw new NonceUnknownError();
    }
    const answers = checkAnswers(this.survey.questions, request.answers);
    const url = checkedUrl(request.url);
    return this.transaction.run(async () => {
      await this.repository.holdForTransaction();
      const held = await this.repository.storeWithKey(key.id);
      if (held !== null && held.operatorId !== operator.accountId) {
        throw new RegistrationDeniedError('this key belongs to a store of another operator');
      }
      if (held !== null && isSameUrl(held.url, url)) return { storeId: held.storeId, assertions: held.assertions };
      if (held === null) await this.requireRoom(operator);
      return this.issue({ operator, key, url, answers, held });
    });
  }

  private async issue({ operator, key, url, answers, held }: Issuing): Promise<Issued> {
    const now = this.clock.now();
    const storeId = held?.storeId ?? randomId();
    const revision = held === null ? 0 : held.revision + 1;
    const store = await this.signStore(storeId, operator, url, revision);
    const accountKey = held === null ? await this.signKey(operator, key) : await keyIn(held);
    const { assertions: roots } = await this.authority.identity();
    const [account] = await decodeAssertionStream(operator.account);
    const chain = [...chainBelowRoot(roots), ...(account === undefined ? [] : [account]), accountKey, store];
    const assertions = encodeAssertionStream(chain);
    const registeredAt = held?.registeredAt ?? now;
    const { accountId: operatorId, email } = operator;
    await this.repository.putStore({
      storeId,
      operatorId,
      keyId: key.id,
      url,
      revision,
      assertions,
      answers,
      registeredAt,
      issuedAt: now,
    });
    this.log.info({ store: storeId, url, revision, email, key: key.id }, 'a store assertion was issued');
    return { storeId, assertions };
  }

  private async signStore(
    storeId: string,
    operator: AuthorityOperator,
    url: string,
    revision: number,
  ): Promise<Assertion> {
    try {
      return await this.authority.sign('store', {
        ...(revision === 0 ? {} : { revision: String(revision) }),
        store: storeId,
        'operator-id': operator.accountId,
        url,
        timestamp: this.authority.now(),
      });
    } catch (error) {
      if (!(error instanceof AssertionRefusedError)) throw error;
      throw new RegistrationDeniedError(
        `no store assertion can be made for this URL: ${error.message}`,
        {},
        { cause: error },
      );
    }
  }

  /** The store's key is its operator's: it signs in his name and in nobody else's. */
  private signKey(operator: AuthorityOperator, key: RsaPublicKey): Promise<Assertion> {
    const headers = {
      'public-key-sha3-384': key.id,
      'account-id': operator.accountId,
      // Of one account no two keys may have the same name.
      name: `store-${digestOf(key.id).slice(0, 24)}`,
      since: this.authority.now(),
    };
    return this.authority.sign('account-key', headers, key.encode());
  }

  private async requireRoom({ accountId }: AuthorityOperator): Promise<void> {
    const own = await this.repository.countStores(accountId);
    if (own < MAX_STORES_OF_AN_OPERATOR) return;
    throw new RegistrationDeniedError(`an account may register up to ${MAX_STORES_OF_AN_OPERATOR} stores`);
  }

  /** Whoever was removed since he logged in is nobody any more. */
  private async operator(accountId: string): Promise<AuthorityOperator> {
    const operator = await this.repository.operator(accountId);
    if (operator === null) throw new AuthorizationInvalidError('there is no such account any more');
    return operator;
  }
}

interface Issuing {
  readonly operator: AuthorityOperator;
  readonly key: RsaPublicKey;
  readonly url: string;
  readonly answers: Answers;
  /** What the same key has been registered as. */
  readonly held: RegisteredStore | null;
}

async function keyIn({ assertions, keyId, storeId }: RegisteredStore): Promise<Assertion> {
  const stream = await decodeAssertionStream(assertions);
  const accountKey = stream.find(({ type, primaryKey }) => type.name === 'account-key' && primaryKey[0] === keyId);
  if (accountKey === undefined) throw new Error(`what was issued for store ${storeId} has no account-key`);
  return accountKey;
}

function checkedUrl(text: string): string {
  const isUsable = /^https?:\/\//.test(text) && URL.canParse(text) && /^[\x21-\x7e]+$/.test(text);
  const url = isUsable ? new URL(text) : null;
  if (url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '') return text;
  throw new RegistrationDeniedError(`"${text.slice(0, 200)}" is no http or https URL of a store`);
}

function isSamePlace(asked: string, location: string): boolean {
  return URL.canParse(asked) && new URL(asked).host === new URL(location).host;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
