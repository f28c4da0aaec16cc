import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import {
  type Assertion,
  encodeAssertionStream,
  type HeaderMap,
  signAssertion,
  SigningKey,
} from '../../src/formats/assertion/index.js';
import type { TestAuthority } from './test-authority.js';

/** A brand with a key of its own, which a root that tests trust vouches for. */
export class TestBrand {
  private constructor(
    readonly id: string,
    readonly privateKey: KeyObject,
    readonly key: SigningKey,
    readonly account: Assertion,
    readonly accountKey: Assertion,
  ) {}

  static under(authority: TestAuthority, id: string): TestBrand {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = new SigningKey(privateKey);
    return new TestBrand(id, privateKey, key, authority.publisher(id), authority.accountKeyFor(key, `${id}-key`, id));
  }

  /** As an operator has it in a file. */
  get pem(): Buffer {
    return Buffer.from(this.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  }

  /** Its account and key, for a store to hold. */
  get assertions(): readonly Assertion[] {
    return [this.account, this.accountKey];
  }

  /** @param key another one, to sign in the brand's name */
  sign(type: string, headers: HeaderMap, key: SigningKey = this.key): Assertion {
    return signAssertion({
      type,
      headers: { 'authority-id': this.id, timestamp: '2026-01-01T00:00:00Z', ...headers },
      key,
      signedAt: new Date(),
    });
  }

  model(name: string, headers: HeaderMap = {}): Assertion {
    return this.sign('model', { series: '16', 'brand-id': this.id, model: name, classic: 'true', ...headers });
  }

  serialFor(device: RegisteringDevice, model: string, serial: string): Assertion {
    return this.sign('serial', {
      'brand-id': this.id,
      model,
      serial,
      'device-key': device.key.publicKey.encode(),
      'device-key-sha3-384': device.key.id,
    });
  }
}

/** A device that is about to register, as snapd does it (overlord/devicestate/handlers_serial.go). */
export class RegisteringDevice {
  readonly key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

  /** What it sends: its request, its model, and what else it has to show. */
  request(model: Assertion, requestId: string, headers: HeaderMap = {}, others: readonly Assertion[] = []): Buffer {
    const request = signAssertion({
      type: 'serial-request',
      headers: {
        'brand-id': model.text('brand-id'),
        model: model.text('model'),
        'request-id': requestId,
        'device-key': this.key.publicKey.encode(),
        ...headers,
      },
      key: this.key,
      signedAt: new Date(),
    });
    return encodeAssertionStream([request, model, ...others]);
  }
}
