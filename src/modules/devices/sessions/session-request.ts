import { type Assertion, AssertionRefusedError, decodeAssertion } from '../../../formats/assertion/index.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';
import { SessionRefusedError } from '../devices.errors.js';

/** What a device sends to get a session (snapd: store/auth.go): its own request, and what says which device it is. */
export interface SessionRequest {
  readonly request: Assertion;
  readonly serial: Assertion;
  readonly model: Assertion;
}

/**
 * @param body as JSON
 * @throws BadRequestError where it is no such thing; SessionRefusedError where it is one and the three are not about one device
 */
export function parseSessionRequest(body: unknown): SessionRequest {
  if (typeof body !== 'object' || body === null) throw new BadRequestError('a request for a session is a JSON object');
  const fields = body as Readonly<Record<string, unknown>>;
  const parsed = {
    request: assertionOf(fields, 'device-session-request', 'device-session-request'),
    serial: assertionOf(fields, 'serial-assertion', 'serial'),
    model: assertionOf(fields, 'model-assertion', 'model'),
  };
  requireOneDevice(parsed);
  return parsed;
}

function assertionOf(fields: Readonly<Record<string, unknown>>, field: string, type: string): Assertion {
  const text = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (typeof text !== 'string') throw new BadRequestError(`a request for a session has a text "${field}"`);
  let assertion: Assertion;
  try {
    assertion = decodeAssertion(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof AssertionRefusedError)) throw error;
    throw new BadRequestError(`"${field}" is no assertion: ${error.message}`, {}, { cause: error });
  }
  if (assertion.type.name !== type) throw new BadRequestError(`"${field}" is no ${type} assertion`);
  return assertion;
}

function requireOneDevice({ request, serial, model }: SessionRequest): void {
  for (const header of ['brand-id', 'model'] as const) {
    if (serial.text(header) !== request.text(header) || model.text(header) !== request.text(header)) {
      throw new SessionRefusedError(`the ${header} of the session request, the serial and the model differ`);
    }
  }
  if (serial.text('serial') !== request.text('serial')) {
    throw new SessionRefusedError('the session request is for another serial than that which came with it');
  }
}
