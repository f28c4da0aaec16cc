import { type Assertion, readAssertionStream } from '../../../formats/assertion/index.js';
import { RsaPublicKey } from '../../../formats/openpgp/index.js';
import { SerialRequestUnfitError } from '../model-service.errors.js';
import { checkModelName } from '../names.js';

const MAX_ASSERTIONS = 16;
const MAX_BODY_BYTES = 16 * 1024;
/** What an operator can read in a list, and an index can hold. */
const SERIAL = /^[!-.0-~](?:[ -.0-~]{0,126}[!-.0-~])?$/;
/** snapd makes keys of 4096 bits; a longer one would only cost time. */
const KEY_BITS = { least: 2048, most: 8192 };

/** A device that asks for a serial. Nothing of it is verified yet. */
export interface RegistrationRequest {
  readonly request: Assertion;
  readonly model: Assertion;
  readonly deviceKey: RsaPublicKey;
  /** The serial that it would like to have; null where it does not care. */
  readonly proposedSerial: string | null;
  /** Of a device that has another model so far: the serial that it has. */
  readonly original: Assertion | null;
}

/**
 * Reads what snapd sends: a serial-request with the model, and the serial that it has where it changes its model
 * (overlord/devicestate/handlers_serial.go and remodel.go).
 * @throws SerialRequestUnfitError, ModelUnfitError, AssertionRefusedError, InvalidOpenPgpError
 */
export async function readRegistrationRequest(bytes: Buffer): Promise<RegistrationRequest> {
  const sent: Assertion[] = [];
  for await (const assertion of readAssertionStream(once(bytes))) {
    if (sent.length === MAX_ASSERTIONS)
      throw new SerialRequestUnfitError('there are too many assertions in this request');
    sent.push(assertion);
  }
  const request = theOnly(sent, 'serial-request');
  const [brandId, model] = [request.text('brand-id'), request.text('model')];
  // Before anything is looked up by it: the type leaves a brand's id free, and a database is not.
  checkModelName(brandId, model);
  const ofModel = sent.filter(({ type, headers }) => {
    return type.name === 'model' && headers['brand-id'] === brandId && headers.model === model;
  });
  const deviceKey = RsaPublicKey.decode(request.text('device-key'));
  if (deviceKey.bits < KEY_BITS.least || deviceKey.bits > KEY_BITS.most) {
    throw new SerialRequestUnfitError(
      `a device key has ${KEY_BITS.least} to ${KEY_BITS.most} bits, and not ${deviceKey.bits}`,
    );
  }
  if (request.body.length > MAX_BODY_BYTES) {
    throw new SerialRequestUnfitError(`the body of a serial-request has up to ${MAX_BODY_BYTES} bytes`);
  }
  return {
    request,
    model: theOnly(ofModel, 'model'),
    deviceKey,
    proposedSerial: serialIn(request, 'serial'),
    original: originalOf(request, sent),
  };
}

function originalOf(request: Assertion, sent: readonly Assertion[]): Assertion | null {
  const serial = serialIn(request, 'original-serial');
  if (serial === null) return null;
  const key = [request.text('original-brand-id'), request.text('original-model'), serial].join('/');
  const named = sent.filter(({ type, primaryKey }) => type.name === 'serial' && primaryKey.join('/') === key);
  return theOnly(named, 'serial');
}

function serialIn(request: Assertion, header: string): string | null {
  const serial = request.text(header);
  if (serial === '') return null;
  if (!SERIAL.test(serial)) throw new SerialRequestUnfitError(`"${header}" is no serial that can be given out`);
  return serial;
}

function theOnly(sent: readonly Assertion[], type: string): Assertion {
  const [found, more] = sent.filter((assertion) => assertion.type.name === type);
  if (found !== undefined && more === undefined) return found;
  throw new SerialRequestUnfitError(
    `a device sends one ${type} with its request, and this is ${found === undefined ? 'none' : 'more'}`,
  );
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
