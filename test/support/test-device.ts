import { generateKeyPairSync } from 'node:crypto';

import { type Assertion, signAssertion, SigningKey } from '../../src/formats/assertion/index.js';
import type { TestAuthority } from './test-authority.js';

const SINCE = '2020-01-01T00:00:00Z';
/** Large enough to sign with, small enough to be made for each test file. */
const KEY_BITS = 2048;

/** Of every device that a test gives none of its own: a key takes a while to make. */
const usualDeviceKey = newTestKey();

export function newTestKey(): SigningKey {
  return new SigningKey(generateKeyPairSync('rsa', { modulusLength: KEY_BITS }).privateKey);
}

/** A brand whose devices an authority's stores know. */
export class TestBrand {
  private constructor(
    readonly id: string,
    readonly key: SigningKey,
    /** The brand's account and key, for a store to hold. */
    readonly assertions: readonly Assertion[],
  ) {}

  static create(authority: TestAuthority, id: string): TestBrand {
    const key = newTestKey();
    const account = authority.sign('account', {
      'account-id': id,
      'display-name': id,
      username: id,
      validation: 'unproven',
    });
    const accountKey = authority.sign(
      'account-key',
      { 'public-key-sha3-384': key.id, 'account-id': id, name: 'default', since: SINCE },
      undefined,
      key.publicKey.encode(),
    );
    return new TestBrand(id, key, [account, accountKey]);
  }

  device(model: string, serial: string, key: SigningKey = usualDeviceKey): TestDevice {
    return new TestDevice(this, model, serial, key);
  }

  sign(type: string, headers: Parameters<TestAuthority['sign']>[1], key: SigningKey = this.key): Assertion {
    const signedAt = new Date();
    const given = { 'authority-id': this.id, timestamp: '2026-01-01T00:00:00Z', ...headers };
    return signAssertion({ type, headers: given, key, signedAt });
  }
}

/** What a device sends for a session; each part can be put in the place of another's. */
export interface SessionRequestBody {
  'device-session-request': string;
  'serial-assertion': string;
  'model-assertion': string;
}

/** A device with a serial. */
export class TestDevice {
  readonly model: Assertion;
  readonly serial: Assertion;

  constructor(
    private readonly brand: TestBrand,
    model: string,
    serial: string,
    readonly key: SigningKey,
  ) {
    const named = { 'brand-id': brand.id, model };
    this.model = brand.sign('model', { series: '16', ...named, classic: 'true' });
    this.serial = this.serialBy(brand.key, serial);
  }

  get name(): string {
    return this.serial.primaryKey.join('/');
  }

  /** The serial, signed by any key in the brand's name. */
  serialBy(key: SigningKey, serial = this.serial.text('serial')): Assertion {
    const headers = {
      'brand-id': this.brand.id,
      model: this.model.text('model'),
      serial,
      'device-key': this.key.publicKey.encode(),
      'device-key-sha3-384': this.key.id,
    };
    return this.brand.sign('serial', headers, key);
  }

  sessionRequest(nonce: string, { at = new Date(), key = this.key } = {}): SessionRequestBody {
    const request = signAssertion({
      type: 'device-session-request',
      headers: {
        'brand-id': this.brand.id,
        model: this.model.text('model'),
        serial: this.serial.text('serial'),
        nonce,
        timestamp: at.toISOString(),
      },
      key,
      signedAt: at,
    });
    return {
      'device-session-request': request.encoded.toString(),
      'serial-assertion': this.serial.encoded.toString(),
      'model-assertion': this.model.encoded.toString(),
    };
  }
}
