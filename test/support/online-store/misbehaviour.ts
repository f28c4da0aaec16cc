import type { Answer } from './answer.js';

/** How a store answers that is broken, busy, or somebody else. */
export type Misbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** A web page, as a hotel's network answers. */
  | { readonly kind: 'html' }
  /** This body instead, with the headers of the honest answer. */
  | { readonly kind: 'instead'; readonly body: Buffer | string }
  /** This answer, whatever the honest one is. */
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The honest JSON, changed. */
  | { readonly kind: 'json'; readonly change: (json: never) => unknown }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** One bit of the body is another. */
  | { readonly kind: 'flip'; readonly atByte: number }
  /** Ends well, but too early. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** As if there were no `Range`. */
  | { readonly kind: 'no-range'; readonly content: Buffer }
  /** The connection is cut when this much of the body was sent. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** A little at a time: slow, or throttled. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** Nothing is ever answered. */
  | { readonly kind: 'hang' };

/** What is sent instead of an honest answer; `cut`, `drip` and `hang` are about how it is sent. */
export function distorted(answer: Answer, how: Misbehaviour): Answer {
  switch (how.kind) {
    case 'status':
      return {
        status: how.status,
        headers: { 'content-type': 'text/plain', ...how.headers },
        body: Buffer.from('no\n'),
      };
    case 'html': {
      const page = '<!DOCTYPE html><html><title>Welcome</title><body>Please log in</body></html>';
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(page) };
    }
    case 'instead':
      return { ...answer, body: Buffer.from(how.body) };
    case 'answer':
      return how.answer;
    case 'json':
      return { ...answer, body: Buffer.from(JSON.stringify(how.change(JSON.parse(answer.body.toString()) as never))) };
    case 'redirect':
      return { status: how.status ?? 302, headers: { location: how.to }, body: Buffer.alloc(0) };
    case 'flip': {
      const body = Buffer.from(answer.body);
      body[how.atByte] = (body[how.atByte] ?? 0) ^ 1;
      return { ...answer, body };
    }
    case 'truncate':
      return { ...answer, body: answer.body.subarray(0, how.bytes) };
    case 'no-range':
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: how.content };
    case 'cut':
    case 'drip':
    case 'hang':
      return answer;
  }
}
