import { HttpException } from '@nestjs/common';

import { StoreError } from '../../kernel/store-error.js';
import { type Answer, type AnswerHeaders, jsonAnswer } from './answer.js';

/**
 * The status of each refusal that a request can meet; whatever is not named is the store's own failure. This is the only
 * place where the two meet.
 */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'too-many-bytes': 413,
  'invalid-channel': 400,
  'invalid-digest': 400,
  'invalid-epoch': 400,
  'invalid-snap-id': 400,
  'invalid-snap-name': 400,
  'assertion-refused': 400,
  'cohort-key-expired': 400,
  'cohort-key-invalid': 400,
  'revision-ruled-out': 400,
  'snap-ruled-out': 400,
  'validation-set-conflict': 400,
  'validation-set-not-held': 404,
  'session-needed': 401,
  'session-refused': 401,
  'device-revoked': 403,
  'not-found': 404,
  'resource-not-found': 404,
  'snap-not-held': 404,
  'revision-not-held': 404,
  'component-not-held': 404,
  'delta-not-held': 404,
  'picture-not-held': 404,
  'channel-not-open': 404,
  'file-not-servable': 404,
  'too-many-session-requests': 429,
  'api-key-refused': 403,
  'device-limit-reached': 403,
  'device-service-elsewhere': 400,
  'invalid-openpgp': 400,
  'model-not-served': 404,
  'model-unfit': 400,
  'remodel-refused': 403,
  'request-id-refused': 400,
  'serial-authority-unfit': 403,
  'serial-request-unfit': 400,
  'serial-revoked': 403,
  'serial-taken': 409,
  'too-many-registrations': 429,
  'blob-changed': 503,
  'database-unreachable': 503,
};

export interface DescribedError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** What may be told to a client of anything that was thrown; the reason of a failure of ours stays in the log. */
export function describeError(error: unknown): DescribedError {
  if (error instanceof StoreError) {
    const status = STATUS_OF_CODE[error.code] ?? 500;
    if (status < 500) return { status, code: error.code, message: error.message };
    return { status, code: error.code, message: 'the store cannot answer this now; its log says why' };
  }
  if (error instanceof HttpException && error.getStatus() < 500) {
    return { status: error.getStatus(), code: 'bad-request', message: error.message };
  }
  return { status: 500, code: 'internal-error', message: 'the store failed to answer this; its log says why' };
}

/** What the online store calls the same thing; devices and scripts know it by that name. */
const CODE_FOR_DEVICES: Readonly<Record<string, string>> = {
  'snap-not-held': 'resource-not-found',
  'revision-not-held': 'resource-not-found',
  'component-not-held': 'resource-not-found',
  'delta-not-held': 'resource-not-found',
  'picture-not-held': 'resource-not-found',
  'file-not-servable': 'resource-not-found',
};

/** What snapd looks for in an answer beside its status: this makes it ask for a session and try again (store/store.go, doRequest). */
const HEADERS_OF_CODE: Readonly<Record<string, AnswerHeaders>> = {
  'session-needed': { 'www-authenticate': 'Macaroon refresh_device_session=1' },
};

/** In the form that snapd reads errors in, wherever it reads them (store/store.go, store/store_asserts.go). */
export function errorAnswer(error: unknown): Answer {
  const { status, code, message } = describeError(error);
  return errorListAnswer(status, CODE_FOR_DEVICES[code] ?? code, message, HEADERS_OF_CODE[code]);
}

export function errorListAnswer(status: number, code: string, message: string, headers?: AnswerHeaders): Answer {
  return jsonAnswer(status, { 'error-list': [{ code, message }] }, headers);
}
