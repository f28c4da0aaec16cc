import { type Answer, jsonAnswer } from '../../../platform/http/answer.js';
import { BadRequestError } from '../../../platform/http/http.errors.js';

export const MESSAGES_LIMITS = { bodyBytes: 4 * 1024 * 1024, messages: 1_000 };

const NOTHING_WAITS = { messages: [], 'total-pending-messages': 0 };

/**
 * Answers `POST v2/messages`, by which a device takes requests of whoever manages it from afar and brings what came of them (snapd:
 * store/store_messaging.go). Nobody gives requests through this store, so none waits, and a device that asks every few hours hears
 * that. What it brings was asked for elsewhere: it is not kept, and the device need not bring it again.
 * @throws BadRequestError naming the field
 */
export function messagesAnswer(body: unknown): Answer {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new BadRequestError('the body is not a JSON object');
  }
  const { after, limit, messages } = body as Record<string, unknown>;
  if (isThere(after) && typeof after !== 'string') throw new BadRequestError('after is not a text');
  if (isThere(limit) && !(Number.isSafeInteger(limit) && Number(limit) >= 0)) {
    throw new BadRequestError('limit is not a whole number');
  }
  if (isThere(messages) && !Array.isArray(messages)) throw new BadRequestError('messages is not a list');
  if (Array.isArray(messages) && messages.length > MESSAGES_LIMITS.messages) {
    throw new BadRequestError(`messages has more than ${MESSAGES_LIMITS.messages} entries`);
  }
  return jsonAnswer(200, NOTHING_WAITS);
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}
