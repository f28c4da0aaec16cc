import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  assertionRef,
  AssertionRefusedError,
  type AssertionSigner,
  signAssertionBy,
} from '../../../formats/assertion/index.js';
import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { AssertionService } from '../../assertions/index.js';
import { BrandKeyService, BrandKeyUnknownError, type KeyInfo, KeyService, SigningService } from '../../keys/index.js';
import type { SerialPolicy } from '../entities/serial-policy.entity.js';
import { ModelNotKnownError, PolicyNotKnownError, SerialAuthorityUnfitError } from '../model-service.errors.js';
import { ModelRepository } from './model.repository.js';
import { serialHeaders } from '../serials/serial-headers.js';

const SERIES = '16';

export interface NewSerialPolicy {
  readonly brandId: string;
  readonly model: string;
  /** A key's id, or the name that its brand gave it. */
  readonly key: string;
  readonly takesProposed: boolean;
  readonly deviceLimit: number;
  /** The user of the operating system who asks for it. */
  readonly by: string;
}

/** Decides with which key the serials of a model are signed. */
@Injectable()
export class SerialPolicyService {
  constructor(
    private readonly repository: ModelRepository,
    private readonly brandKeys: BrandKeyService,
    private readonly keys: KeyService,
    private readonly signing: SigningService,
    private readonly assertions: AssertionService,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes the place of the policy that was in force. The key signs once before that, and what it signed is verified as a device
   * would: what does not work is known now, and not when the first device registers.
   * @throws ModelNotKnownError, BrandKeyUnknownError, KeyRetiredError, SerialAuthorityUnfitError, what the key fails with
   */
  async create({ brandId, model, key: named, takesProposed, deviceLimit, by }: NewSerialPolicy): Promise<SerialPolicy> {
    if ((await this.repository.model(brandId, model)) === null) throw new ModelNotKnownError(brandId, model);
    const key = await this.find(named, brandId);
    const signer = await this.signing.assertionSigner(key.id);
    const authorityId = await this.authorityOf(key);
    await this.refuseForeign(brandId, model, authorityId);
    await this.tryOut(signer, authorityId, model);
    return this.transaction.run(async () => {
      await this.repository.holdForChange();
      const now = this.clock.now();
      if ((await this.repository.model(brandId, model)) === null) throw new ModelNotKnownError(brandId, model);
      await this.repository.removePolicies(brandId, model, now);
      const policy = {
        brandId,
        model,
        keyId: key.id,
        authorityId,
        takesProposed,
        deviceLimit,
        createdAt: now,
        createdBy: by,
      };
      return { ...policy, revision: await this.repository.addPolicy(policy), removedAt: null };
    });
  }

  /** Those that were taken back too. */
  list(brandId: string | null): Promise<SerialPolicy[]> {
    return this.repository.policies(brandId);
  }

  /** From now on devices of the model get no serials here. @throws PolicyNotKnownError */
  async remove(brandId: string, model: string): Promise<void> {
    await this.transaction.run(async () => {
      await this.repository.holdForChange();
      if ((await this.repository.removePolicies(brandId, model, this.clock.now())) > 0) return;
      throw new PolicyNotKnownError(`no serial policy of ${brandId}/${model} is in force`, { brand: brandId, model });
    });
  }

  /** Of the brand by name, or any other by its id. */
  private async find(named: string, brandId: string): Promise<KeyInfo> {
    try {
      return await this.brandKeys.named(named, brandId);
    } catch (error) {
      const other = (await this.keys.list()).find(({ id }) => id === named);
      if (other === undefined || !(error instanceof BrandKeyUnknownError)) throw error;
      return other;
    }
  }

  private async authorityOf(key: KeyInfo): Promise<string> {
    const accountKey = await this.assertions.find(assertionRef('account-key', [key.id]));
    if (accountKey !== null) return accountKey.text('account-id');
    throw new SerialAuthorityUnfitError(
      `this store holds no account-key for key ${key.id}, and so no device would take what it signs`,
      { key: key.id },
    );
  }

  /** As far as the model assertion is known here; when a device registers, the one that it brings decides. */
  private async refuseForeign(brandId: string, model: string, authorityId: string): Promise<void> {
    if (authorityId === brandId) return;
    const held = await this.assertions.find(assertionRef('model', [SERIES, brandId, model]));
    const named = held?.headers['serial-authority'];
    if (held === null || (Array.isArray(named) && named.includes(authorityId))) return;
    throw new SerialAuthorityUnfitError(
      `the key belongs to ${authorityId}, which ${held.toString()} does not name as serial-authority`,
      { authority: authorityId },
    );
  }

  private async tryOut(signer: AssertionSigner, authorityId: string, model: string): Promise<void> {
    const device = { key: signer.publicKey, brandId: authorityId, model, serial: 'trial' };
    const now = this.clock.now();
    let trial: Assertion;
    try {
      trial = await signAssertionBy(signer, {
        type: 'serial',
        headers: serialHeaders({ ...device, authorityId, revision: 0, at: now }),
        signedAt: now,
      });
      const [verdict] = await this.assertions.verify([trial]);
      if (verdict !== undefined && verdict.error !== null) throw verdict.error;
    } catch (error) {
      if (!(error instanceof AssertionRefusedError)) throw error;
      throw new SerialAuthorityUnfitError(
        `no device would take what this key signs: ${error.message}`,
        {},
        { cause: error },
      );
    }
  }
}
