import { generateKeyPairSync } from 'node:crypto';

import { type Assertion, signAssertion, SigningKey } from '../../src/formats/assertion/index.js';
import type { TestBrand } from './brand.js';

/** Large enough to sign with, small enough to be made for each test file. */
const KEY_BITS = 2048;

/** Of every device that a test gives none of its own: a key takes a while to make. */
const usualDeviceKey = newTestKey();

export function newTestKey(): SigningKey {
  return new SigningKey(generateKeyPairSync('rsa', { modulusLength: KEY_BITS }).privateKey);
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
    readonly key: SigningKey = usualDeviceKey,
  ) {
    this.model = brand.model(model);
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
