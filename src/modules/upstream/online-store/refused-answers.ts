import { UpstreamAnswerError, UpstreamUnreachableError } from '../http/http.errors.js';
import { contentTypeOf, type HttpAnswer, type HttpHead, parseJson } from '../http/http-client.js';
import { retryAfter } from '../http/retry-after.js';

/** @throws UpstreamUnreachableError, worth another try, where the server cannot answer now */
export function mustNotBeBusy(answer: HttpHead, where: string): void {
  const { status } = answer;
  if (status !== 429 && status !== 408 && (status < 500 || status === 501)) return;
  const why = status === 429 ? 'it has too many requests (429)' : `it answers ${status}`;
  throw new UpstreamUnreachableError(where, why, { retry: { afterMs: retryAfter(answer.header('retry-after')) } });
}

/** @throws UpstreamAnswerError */
export function jsonOf(answer: HttpAnswer, where: string): unknown {
  // snapd's test store says text/plain, and snapd does not look.
  if (contentTypeOf(answer) === 'text/html') throw webPage(answer, where);
  return parseJson(answer.bytes, where);
}

export function webPage({ status }: HttpHead, where: string): UpstreamAnswerError {
  return new UpstreamAnswerError(
    where,
    `answers ${status} with a web page: is there a network in between that wants a log-in?`,
  );
}

/** For a status that is no answer to what was asked. */
export function unexpected(answer: HttpAnswer, where: string): UpstreamAnswerError {
  if (contentTypeOf(answer) === 'text/html') return webPage(answer, where);
  return new UpstreamAnswerError(where, `answers ${answer.status}${said(answer)}`);
}

/** What the first entry of its error list says, in short. */
function said(answer: HttpAnswer): string {
  const message = errorList(answer)?.[0]?.message;
  return typeof message === 'string' ? `: ${message.slice(0, 200).replace(/[\p{Cc}\p{Cf}]/gu, ' ')}` : '';
}

/** Whether the store itself says that something is wrong, and not something in front of it. */
export function isErrorList(answer: HttpAnswer): boolean {
  return errorList(answer) !== null;
}

/** As stores write it now (`error-list`), or wrote it (one problem at the top). */
function errorList(answer: HttpAnswer): { readonly message?: unknown }[] | null {
  if (!['application/json', 'application/problem+json'].includes(contentTypeOf(answer))) return null;
  try {
    const json = JSON.parse(answer.bytes.toString('utf8')) as {
      'error-list'?: unknown;
      title?: unknown;
      detail?: unknown;
    };
    if (Array.isArray(json['error-list'])) return json['error-list'] as { readonly message?: unknown }[];
    return typeof json.title === 'string' ? [{ message: json.detail ?? json.title }] : null;
  } catch {
    return null;
  }
}
