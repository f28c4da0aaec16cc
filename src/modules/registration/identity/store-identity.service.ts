import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';

import {
  type Assertion,
  assertionRef,
  type AssertionRef,
  encodeAssertionStream,
  prerequisites,
  type TrustedRoots,
} from '../../../formats/assertion/index.js';
import { Clock } from '../../../kernel/clock.js';
import { messageOf } from '../../../kernel/store-error.js';
import { ChangeFeed, EVERYTHING } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { StoreUrl } from '../../../platform/http/store-url.js';
import { type Logger, LoggerFactory } from '../../../platform/logging/logger.js';
import { AssertionService, TrustedRootsService } from '../../assertions/index.js';
import { KeyService } from '../../keys/index.js';
import type { RegistrationOrigin, VerifiedRegistration } from '../verification/verified-registration.js';
import { RegistrationOutdatedError } from './identity.errors.js';
import type { StoreIdentityRow } from './store-identity.entity.js';
import { StoreIdentityRepository } from './store-identity.repository.js';

export const STORE_IDENTITY_TOPIC = 'store-identity';

/** Who this store is to its devices. */
export interface StoreIdentity {
  /** Null is: self-issued, there is no store assertion. */
  readonly storeId: string | null;
  /** By which devices reach it; absolute URLs in answers start with it. */
  readonly url: string;
  readonly origin: RegistrationOrigin;
  /** Of the RSA key that it registered with. */
  readonly keyId: string | null;
  readonly registeredAt: Date;
}

export interface AdoptOptions {
  /** What the registration was carried in (SHA-256, hex), so that it is known again. */
  readonly carriedSha256?: string;
}

/** The store's identity: decided by registering, read by whatever answers devices. */
@Injectable()
export class StoreIdentityService implements OnApplicationBootstrap {
  private readonly log: Logger;

  constructor(
    private readonly identities: StoreIdentityRepository,
    private readonly assertions: AssertionService,
    private readonly trustedRoots: TrustedRootsService,
    private readonly keys: KeyService,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    private readonly storeUrl: StoreUrl,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('store-identity');
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.reload();
  }

  /** Null: not registered. */
  async current(): Promise<StoreIdentity | null> {
    const row = await this.identities.find();
    return row === null ? null : identityOf(row);
  }

  /** Whether the identity was taken from the carried registration with this digest. */
  async isTakenFrom(carriedSha256: string): Promise<boolean> {
    return (await this.identities.find())?.carriedSha256 === carriedSha256;
  }

  /**
   * Makes this the store's identity, whatever it was before: its assertions, and its key where the private half came along,
   * are kept with it. All of it or nothing, as part of the transaction that surrounds the call (or of its own); processes
   * that follow hear of it when it commits. Adopting the same registration again changes nothing.
   * @throws RegistrationOutdatedError where a later revision of the store assertion is held
   * @throws AssertionRefusedError, and what taking in a key throws
   */
  async adopt(registration: VerifiedRegistration, options: AdoptOptions = {}): Promise<StoreIdentity> {
    const { storeId, url, assertions, keyId, privatePem, origin } = registration;
    const identity = await this.transaction.run(async () => {
      await this.identities.holdForTransaction();
      await this.keep(assertions);
      if (privatePem !== null) await this.keys.adopt(privatePem, 'identity');
      const before = await this.identities.find();
      const carriedSha256 = options.carriedSha256 ?? null;
      const isSame = before?.storeId === storeId && before.url === url && before.keyId === keyId;
      const registeredAt = isSame ? before.registeredAt : this.clock.now();
      const after = { storeId, url, origin, keyId, carriedSha256, registeredAt };
      await this.identities.put(after);
      await this.changes.announce(STORE_IDENTITY_TOPIC, []);
      return after;
    });
    return identityOf(identity);
  }

  /**
   * What devices need to believe the store assertion, in prerequisite order and the store assertion last, as `snap ack` takes it;
   * roots of trust, which every device knows, are left out. Null where there is no store assertion.
   */
  async assertionStream(): Promise<Buffer | null> {
    const storeId = (await this.identities.find())?.storeId ?? null;
    if (storeId === null) return null;
    const chain = new Map<string, Assertion>();
    await this.collect(assertionRef('store', [storeId]), chain, await this.trustedRoots.current());
    return encodeAssertionStream(chain.values());
  }

  /** For as long as this process runs, takes over what any other one changes. */
  async follow(): Promise<void> {
    await this.changes.listen((change) => {
      if (change !== EVERYTHING && change.topic !== STORE_IDENTITY_TOPIC) return;
      this.reload().catch((error: unknown) => {
        // What was missed is told again as EVERYTHING when the database is back.
        this.log.warn({ reason: messageOf(error) }, 'the changed identity of the store could not be read');
      });
    });
  }

  /** Takes over, for this process, what has been committed. */
  async reload(): Promise<void> {
    this.storeUrl.set((await this.identities.find())?.url ?? null);
  }

  private async keep(assertions: readonly Assertion[]): Promise<void> {
    if (assertions.length === 0) return;
    const { outcomes } = await this.assertions.add(assertions);
    for (const { assertion, outcome } of outcomes) {
      if (assertion.type.name !== 'store' || outcome !== 'older') continue;
      throw new RegistrationOutdatedError(
        `${assertion.toString()} is an earlier revision than the one that this store holds`,
        { store: assertion.text('store'), revision: assertion.revision },
      );
    }
  }

  /** What it stands on first. */
  private async collect(ref: AssertionRef, into: Map<string, Assertion>, roots: TrustedRoots): Promise<void> {
    if (into.has(ref.id) || roots.isTrusted(ref)) return;
    const assertion = await this.assertions.find(ref);
    if (assertion === null) return;
    const key = assertionRef('account-key', [assertion.signKeyId]);
    for (const needed of [key, ...prerequisites(assertion)]) {
      if (needed.id !== ref.id) await this.collect(needed, into, roots);
    }
    into.set(ref.id, assertion);
  }
}

function identityOf({ storeId, url, origin, keyId, registeredAt }: Omit<StoreIdentityRow, 'id'>): StoreIdentity {
  return { storeId, url, origin, keyId, registeredAt };
}
