import {
  AccountBlockedError,
  CredentialsRefusedError,
  type LoginRefusedError,
  OtpRefusedError,
  OtpRequiredError,
  TooManyAttemptsError,
} from '../../registration/index.js';
import type { JsonAnswer } from '../http/http-client.js';

/** What a server says of why it does not do what it was asked. */
export interface Refusal {
  /** Lower case, with dashes. */
  readonly code: string;
  readonly message: string;
}

/** As identity providers name them, in `code` (TWOFACTOR_REQUIRED) or in `error_list` (twofactor-required). */
const LOGIN_REFUSALS: Readonly<Record<string, new (message: string) => LoginRefusedError>> = {
  'invalid-credentials': CredentialsRefusedError,
  'invalid-data': CredentialsRefusedError,
  'twofactor-required': OtpRequiredError,
  'twofactor-failure': OtpRefusedError,
  'too-many-requests': TooManyAttemptsError,
  'account-suspended': AccountBlockedError,
  'account-deactivated': AccountBlockedError,
  'email-invalidated': AccountBlockedError,
  'password-policy-error': AccountBlockedError,
};
const MAX_MESSAGE = 300;

/** Null where the server did what it was asked. */
export function readRefusal({ status, json }: JsonAnswer): Refusal | null {
  if (status >= 200 && status < 300) return null;
  const { code, message } = said(json);
  const shown = message === '' ? `it answers with status ${status}` : message.slice(0, MAX_MESSAGE);
  return { code: code === '' && status === 429 ? 'too-many-requests' : code, message: shown };
}

/** Null where it is about something else than the log-in. */
export function loginRefusal({ code, message }: Refusal, where: string): LoginRefusedError | null {
  const Refused = Object.hasOwn(LOGIN_REFUSALS, code) ? LOGIN_REFUSALS[code] : undefined;
  return Refused === undefined ? null : new Refused(`${where} does not let you in: ${message}`);
}

function said(json: unknown): Refusal {
  if (typeof json !== 'object' || json === null) return { code: '', message: '' };
  const { code, message, error_list: list } = json as Record<string, unknown>;
  const [first] = (Array.isArray(list) ? list : []) as unknown[];
  const listed = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {};
  return {
    code: firstText(listed.code, code).toLowerCase().replaceAll('_', '-').slice(0, 100),
    message: firstText(listed.message, message),
  };
}

function firstText(...values: readonly unknown[]): string {
  return values.find((value): value is string => typeof value === 'string') ?? '';
}
