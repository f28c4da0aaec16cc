import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { Clock } from '../../../kernel/clock.js';
import { Sealing } from '../../../platform/sealing/index.js';
import { RequestIdRefusedError } from '../model-service.errors.js';
import { SerialRepository } from '../serials/serial.repository.js';

const PURPOSE = 'registration/secret';
const SECRET_BYTES = 32;
const LIFETIME_SECONDS = 60 * 60;
const TIME_BYTES = 4;
const RANDOM_BYTES = 12;
const SEAL_BYTES = 16;
const LENGTH = TIME_BYTES + RANDOM_BYTES + SEAL_BYTES;
const FORM = /^[A-Za-z0-9_-]{43}$/;

/**
 * What a device gets before it asks for a serial, and puts into its request: it shows that the request is new. Good once, for an
 * hour, and for every process of the store. Nothing is kept of one that was not used, so that nobody can fill the database
 * with them: it carries when it ends, under a seal of this store.
 */
@Injectable()
export class RequestIds {
  private secret: Promise<Buffer> | null = null;

  constructor(
    private readonly repository: SerialRepository,
    private readonly sealing: Sealing,
    private readonly clock: Clock,
  ) {}

  async issue(): Promise<string> {
    const plain = Buffer.concat([Buffer.alloc(TIME_BYTES), randomBytes(RANDOM_BYTES)]);
    plain.writeUInt32BE(Math.floor(this.clock.now().getTime() / 1000) + LIFETIME_SECONDS);
    return Buffer.concat([plain, await this.sealOf(plain)]).toString('base64url');
  }

  /** @throws RequestIdRefusedError unless it was given out here within the hour */
  async check(requestId: string): Promise<void> {
    await this.read(requestId);
  }

  /**
   * Uses it up, in the transaction that surrounds the call. The same device may use it again: the answer may have got lost.
   * @throws RequestIdRefusedError
   */
  async use(requestId: string, deviceKeyId: string): Promise<void> {
    const expiresAt = await this.read(requestId);
    const digest = createHash('sha256').update(requestId).digest('hex');
    const used = await this.repository.requestIdUse(digest);
    if (used === null) await this.repository.addRequestIdUse({ digest, deviceKeyId, expiresAt }, this.clock.now());
    else if (used.deviceKeyId !== deviceKeyId)
      throw new RequestIdRefusedError('this request-id was used by another device');
  }

  /** When it ends. */
  private async read(requestId: string): Promise<Date> {
    const bytes = Buffer.from(requestId, 'base64url');
    const plain = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    const isOurs =
      FORM.test(requestId) &&
      bytes.length === LENGTH &&
      bytes.toString('base64url') === requestId &&
      timingSafeEqual(bytes.subarray(plain.length), await this.sealOf(plain));
    if (!isOurs) throw new RequestIdRefusedError('this request-id is not one of this store');
    const expiresAt = new Date(plain.readUInt32BE() * 1000);
    if (expiresAt <= this.clock.now())
      throw new RequestIdRefusedError('this request-id is too old; ask for another one');
    return expiresAt;
  }

  private async sealOf(plain: Buffer): Promise<Buffer> {
    return createHmac('sha256', await this.theSecret())
      .update(plain)
      .digest()
      .subarray(0, SEAL_BYTES);
  }

  private theSecret(): Promise<Buffer> {
    this.secret ??= this.obtainSecret().catch((error: unknown) => {
      this.secret = null;
      throw error;
    });
    return this.secret;
  }

  private async obtainSecret(): Promise<Buffer> {
    if ((await this.repository.secret()) === null) {
      await this.repository.addSecret(await this.sealing.seal(randomBytes(SECRET_BYTES), PURPOSE));
    }
    return this.sealing.unseal((await this.repository.secret()) ?? '', PURPOSE);
  }
}
