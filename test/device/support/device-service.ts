import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { join } from 'node:path';

import {
  type Assertion,
  decodeAssertionStream,
  signAssertion,
  SigningKey,
} from '../../../src/formats/assertion/index.js';
import { testRoot } from './client.js';
import type { Interception } from './front.js';

const BRAND = 'testrootorg';
const MODEL = 'lab';
/** A store that the model names and nobody has an assertion for: a device asks for it with every install. */
const MODEL_STORE = 'lab-store';

/** Stands for a brand: gives its devices a model and, as the service that they register with, a serial. */
export class DeviceService {
  private constructor(private readonly key: SigningKey) {}

  static async open(): Promise<DeviceService> {
    return new DeviceService(SigningKey.fromArmored(await readFile(testRoot.rootSecretKey, 'utf8')));
  }

  /** Writes a seed with the brand's model for classic devices. @returns its folder */
  async writeSeed(folder: string): Promise<string> {
    const seed = join(folder, 'seed');
    await mkdir(join(seed, 'assertions'), { recursive: true });
    const model = this.sign('model', {
      series: '16',
      'brand-id': BRAND,
      model: MODEL,
      classic: 'true',
      store: MODEL_STORE,
    });
    await writeFile(join(seed, 'assertions/model.assert'), model.encoded);
    return seed;
  }

  /** Writes the assertion that makes a device use a store at a URL: `snap ack`, then `snap set core proxy.store=`. */
  async writeStoreAssertion(folder: string, store: string, url: string): Promise<string> {
    const file = join(folder, `${store}.assert`);
    await writeFile(file, this.sign('store', { store, 'operator-id': BRAND, url }).encoded);
    return file;
  }

  /** Answers the two requests of a registration, and no other. */
  readonly intercept: Interception = (request, response) => {
    if (request.method !== 'POST') return false;
    if (request.url === '/api/v1/snaps/auth/request-id') {
      response.setHeader('Content-Type', 'application/json');
      response.end('{"request-id":"REQUEST-1"}');
      return true;
    }
    if (request.url !== '/api/v1/snaps/auth/devices') return false;
    void this.issueSerial(request, response);
    return true;
  };

  private async issueSerial(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await decodeAssertionStream(await buffer(request));
    const asked = sent.find((assertion) => assertion.type.name === 'serial-request')!;
    const serial = this.sign('serial', {
      'brand-id': BRAND,
      model: MODEL,
      serial: 'lab-device-1',
      'device-key': asked.headers['device-key']!,
      'device-key-sha3-384': asked.headers['sign-key-sha3-384']!,
    });
    response.setHeader('Content-Type', 'application/x.ubuntu.assertion');
    response.end(serial.encoded);
  }

  private sign(type: string, headers: Record<string, Assertion['headers'][string]>): Assertion {
    const signedAt = new Date();
    return signAssertion({
      type,
      headers: { 'authority-id': BRAND, ...headers, timestamp: signedAt.toISOString() },
      key: this.key,
      signedAt,
    });
  }
}
