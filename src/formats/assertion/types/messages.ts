import { AssertionRef, printable } from '../assertion-ref.js';
import type { Assertion } from '../assertion.js';
import { ACCOUNT_ID, checkDate, checkMatches, checkNotEmpty, checkStringHeader, rule } from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { requireKnown } from './consistency.js';
import { defineType } from './define.js';
import { deviceKeyBySerial, serialType } from './serial.js';

const MESSAGE_ID = /^[a-zA-Z0-9]{4,16}(?:-(\d+))?$/;
const MESSAGE_KIND = /^[a-z]+(?:-[a-z]+)*$/;
const MODEL = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
const ASSUMED = /^[a-z0-9](?:-?[a-z0-9.]+)*$/;
const STATUSES = ['success', 'error', 'unauthorized', 'rejected'];

/** Tells devices to do something (snapd: asserts/messages.go). */
export const requestMessageType = defineType({
  name: 'request-message',
  primaryKey: ['account-id', 'message-id'],
  rank: 1,
  validate: ({ headers, body }) => {
    checkMatches(headers, 'account-id', ACCOUNT_ID);
    checkMessageId(headers);
    checkMatches(headers, 'message-kind', MESSAGE_KIND);
    const devices = checkStringHeader(headers, 'devices');
    if (devices.length === 0) throw rule('"devices" header must not be empty');
    for (const device of devices) parseDeviceId(device);
    checkStringHeader(headers, 'assumes', ASSUMED);
    if (checkDate(headers, 'valid-until') < checkDate(headers, 'valid-since')) {
      throw rule("'valid-until' time cannot be before 'valid-since' time");
    }
    checkDate(headers, 'timestamp');
    if (body.length === 0) throw rule('body must not be empty');
  },
});

/** A device's answer, signed by its key. */
export const responseMessageType = defineType({
  name: 'response-message',
  primaryKey: ['account-id', 'message-id', 'device'],
  authority: 'none',
  isKept: false,
  rank: 3,
  validate: ({ headers }) => {
    checkMatches(headers, 'account-id', ACCOUNT_ID);
    checkMessageId(headers);
    parseDeviceId(checkNotEmpty(headers, 'device'));
    const status = checkNotEmpty(headers, 'status');
    if (!STATUSES.includes(status)) throw rule(`"status" must be one of ${STATUSES.join(', ')}`);
    checkDate(headers, 'timestamp');
  },
  prerequisites: (response) => [new AssertionRef(serialType, serialKeyOf(response))],
  signingKey: async (response, knowledge) => {
    return deviceKeyBySerial(response, await requireKnown(response, knowledge, serialType, serialKeyOf(response)));
  },
});

/** `serial.model.brand-id`; the serial may have dots. */
export function parseDeviceId(text: string): { serial: string; model: string; brandId: string } {
  const parts = text.split('.');
  const [model = '', brandId = ''] = parts.slice(-2);
  if (parts.length < 3) throw rule(`invalid device id "${printable(text)}": expected 3 parts separated by '.'`);
  if (!MODEL.test(model)) throw rule(`invalid model in device id "${printable(text)}"`);
  if (!ACCOUNT_ID.test(brandId)) throw rule(`invalid brand-id in device id "${printable(text)}"`);
  return { serial: parts.slice(0, -2).join('.'), model, brandId };
}

function serialKeyOf(response: Assertion): string[] {
  const { serial, model, brandId } = parseDeviceId(response.text('device'));
  return [brandId, model, serial];
}

function checkMessageId(headers: HeaderMap): void {
  const id = checkNotEmpty(headers, 'message-id');
  const match = MESSAGE_ID.exec(id);
  if (match === null) throw rule(`invalid message-id: ${printable(id)}`);
  if (match[1] !== undefined && Number(match[1]) === 0) {
    throw rule('invalid message-id: sequence number must be greater than 0');
  }
}
