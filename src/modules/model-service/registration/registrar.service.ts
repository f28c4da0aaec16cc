import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import {
  type Assertion,
  AssertionRefusedError,
  decodeAssertion,
  signAssertionBy,
  withPrerequisites,
} from '../../../formats/assertion/index.js';
import { Clock } from '../../../kernel/clock.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { type Logger, LoggerFactory } from '../../../platform/logging/logger.js';
import { AssertionService, TrustedRootsService } from '../../assertions/index.js';
import { SigningService } from '../../keys/index.js';
import type { IssuedSerial } from '../entities/issued-serial.entity.js';
import type { SerialPolicy } from '../entities/serial-policy.entity.js';
import {
  ApiKeyRefusedError,
  DeviceLimitError,
  ModelNotServedError,
  RemodelRefusedError,
  SerialAuthorityUnfitError,
  SerialRevokedError,
  SerialTakenError,
} from '../model-service.errors.js';
import { isApiKey } from '../models/api-key.js';
import { ModelRepository } from '../models/model.repository.js';
import { serialHeaders } from '../serials/serial-headers.js';
import { SerialRepository } from '../serials/serial.repository.js';
import type { RegistrationRequest } from './registration-request.js';
import { RequestIds } from './request-ids.js';

/** Canonical's account for devices of nobody in particular (snapd: asserts/sysdb/generic.go). */
const GENERIC = 'generic';

/** Gives devices their serials, as the policies of their models say. */
@Injectable()
export class RegistrarService {
  private readonly log: Logger;

  constructor(
    private readonly models: ModelRepository,
    private readonly serials: SerialRepository,
    private readonly requestIds: RequestIds,
    private readonly assertions: AssertionService,
    private readonly roots: TrustedRootsService,
    private readonly signing: SigningService,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('model-service');
  }

  /**
   * Gives a device its serial: a new one, or again the one that its key was given. What is signed is verified before it goes out, as
   * the device will.
   * @param apiKey what the device says in the header `api-key`
   * @throws the refusals of `model-service.errors.ts`, AssertionRefusedError, what the key fails with
   */
  async register(asked: RegistrationRequest, apiKey: string | null): Promise<Assertion> {
    const { request, model } = asked;
    await this.requestIds.check(request.text('request-id'));
    const policy = await this.policyFor(model, apiKey);
    await this.verify([request, model, ...(asked.original === null ? [] : [asked.original])]);
    await this.refuseRemodel(asked);
    const held = await this.serials.ofKey(policy.brandId, policy.model, asked.deviceKey.id);
    if (held !== null && held.revokedAt !== null) throw new SerialRevokedError(held.serial);
    const again = held === null ? null : await this.stillGood(held, policy, model);
    return again === null ? this.issue(asked, policy, held) : this.giveAgain(asked, again, held?.id ?? '');
  }

  /** With all that a device needs to take it, apart from what it has built in. */
  async withItsKeys(serial: Assertion): Promise<Assertion[]> {
    const roots = await this.roots.current();
    return withPrerequisites([serial], {
      isKnown: (ref) => roots.find(ref) !== null,
      find: async (ref) => {
        const found = await this.assertions.find(ref);
        if (found === null) throw new SerialAuthorityUnfitError(`this store does not hold ${ref.toString()} any more`);
        return found;
      },
    });
  }

  private async policyFor(model: Assertion, apiKey: string | null): Promise<SerialPolicy> {
    const [brandId, name] = [model.text('brand-id'), model.text('model')];
    const known = await this.models.model(brandId, name);
    const policy = known === null ? null : await this.models.policyInForce(brandId, name);
    if (known === null || policy === null) {
      throw new ModelNotServedError(
        brandId === GENERIC
          ? `devices of ${GENERIC}/${name} can get a serial from Canonical alone; snaps work without one`
          : `this store gives no serials to devices of ${brandId}/${name}; snaps work without one`,
      );
    }
    if (known.apiKeyDigest !== null && !isApiKey(apiKey, known.apiKeyDigest))
      throw new ApiKeyRefusedError(brandId, name);
    return policy;
  }

  /** @throws AssertionRefusedError for the first that does not hold */
  private async verify(batch: readonly Assertion[]): Promise<void> {
    for (const { error } of await this.assertions.verify(batch)) if (error !== null) throw error;
  }

  /** Only the device itself can come with its serial, and only from a model that may become this one. */
  private async refuseRemodel({ model, original, deviceKey }: RegistrationRequest): Promise<void> {
    if (original === null) return;
    const [brandId, from, serial] = original.primaryKey as [string, string, string];
    const to = model.text('model');
    if (original.text('device-key-sha3-384') !== deviceKey.id) {
      throw new RemodelRefusedError(`the serial ${serial} is that of another device`);
    }
    const issued = await this.serials.find(brandId, from, serial);
    if (issued !== null && issued.revokedAt !== null) throw new SerialRevokedError(serial);
    const isSame = brandId === model.text('brand-id');
    if (isSame && (from === to || (await this.models.mayRemodel(brandId, from, to, serial)))) return;
    throw new RemodelRefusedError(`devices of ${brandId}/${from} may not become ${model.text('brand-id')}/${to} here`);
  }

  /** What the device was given before, as long as the key of today signed it and it still holds. */
  private async stillGood(held: IssuedSerial, policy: SerialPolicy, model: Assertion): Promise<Assertion | null> {
    if (held.keyId !== policy.keyId) return null;
    const serial = decodeAssertion(held.assertion);
    const [, verdict] = await this.assertions.verify([model, serial]);
    return verdict?.error === null ? serial : null;
  }

  private async giveAgain(asked: RegistrationRequest, serial: Assertion, id: string): Promise<Assertion> {
    await this.transaction.run(async () => {
      await this.serials.holdForTransaction();
      await this.requestIds.use(asked.request.text('request-id'), asked.deviceKey.id);
      await this.serials.update(id, { askedAt: this.clock.now() });
    });
    return serial;
  }

  private async issue(asked: RegistrationRequest, policy: SerialPolicy, held: IssuedSerial | null): Promise<Assertion> {
    const { brandId, model } = policy;
    // Found out again below; here it saves the signing.
    if (held === null) await this.refuseOneMore(policy);
    const serial = held?.serial ?? (await this.freeSerial(asked, policy));
    const signed = await this.sign(asked, policy, serial, held);
    const now = this.clock.now();
    const issued = {
      policyRevision: policy.revision,
      keyId: policy.keyId,
      assertion: signed.encoded,
      request: asked.request.encoded,
      askedAt: now,
    };
    const given = await this.transaction.run(async () => {
      await this.serials.holdForTransaction();
      await this.requestIds.use(asked.request.text('request-id'), asked.deviceKey.id);
      const current = await this.serials.ofKey(brandId, model, asked.deviceKey.id);
      if (current !== null && current.revokedAt !== null) throw new SerialRevokedError(current.serial);
      // The same device asked twice at once: it has one serial all the same.
      if (current !== null && held === null) return decodeAssertion(current.assertion);
      if (current !== null) {
        await this.serials.update(current.id, issued);
        return signed;
      }
      await this.refuseOneMore(policy);
      if ((await this.serials.find(brandId, model, serial)) !== null) throw new SerialTakenError(serial);
      const originalModel = asked.original?.text('model') ?? null;
      const deviceKeyId = asked.deviceKey.id;
      await this.serials.add({ ...issued, brandId, model, serial, deviceKeyId, originalModel, issuedAt: now });
      return signed;
    });
    this.log.info({ brand: brandId, model, serial: given.text('serial') }, 'gave a device its serial');
    return given;
  }

  private async refuseOneMore({ brandId, model, deviceLimit }: SerialPolicy): Promise<void> {
    if ((await this.serials.count(brandId, model)) >= deviceLimit)
      throw new DeviceLimitError(brandId, model, deviceLimit);
  }

  /** The one that it has, the one that it would like to have, or one that nobody can have. */
  private async freeSerial({ original, proposedSerial }: RegistrationRequest, policy: SerialPolicy): Promise<string> {
    const wanted = original?.text('serial') ?? (policy.takesProposed ? proposedSerial : null);
    if (wanted === null) return randomUUID();
    if ((await this.serials.find(policy.brandId, policy.model, wanted)) !== null) throw new SerialTakenError(wanted);
    return wanted;
  }

  private async sign(
    asked: RegistrationRequest,
    policy: SerialPolicy,
    serial: string,
    held: IssuedSerial | null,
  ): Promise<Assertion> {
    const { authorityId, brandId, model, keyId } = policy;
    const at = this.clock.now();
    const revision = held === null ? 0 : decodeAssertion(held.assertion).revision + 1;
    const signed = await signAssertionBy(await this.signing.assertionSigner(keyId), {
      type: 'serial',
      headers: serialHeaders({ authorityId, brandId, model, serial, key: asked.deviceKey, revision, at }),
      signedAt: at,
    });
    try {
      await this.verify([asked.model, signed]);
    } catch (error) {
      if (!(error instanceof AssertionRefusedError)) throw error;
      const message = `the key of ${brandId}/${model} signs nothing that devices take: ${error.message}`;
      throw new SerialAuthorityUnfitError(message, {}, { cause: error });
    }
    return signed;
  }
}
