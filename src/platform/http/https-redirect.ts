import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

import type { Settings } from '../config/settings.js';
import { EMPTY_BODY } from './answer.js';
import type { BaseUrl } from './base-url.js';
import { sendAnswer } from './send-answer.js';

/** What asks for these, load balancers for example, knows nothing of certificates. */
const IN_CLEAR: ReadonlySet<string> = new Set(['/_status/check', '/health/live', '/health/ready']);

/** Sends whoever asks over HTTP to HTTPS. */
export class HttpsRedirect {
  constructor(
    private readonly baseUrls: BaseUrl,
    private readonly settings: Settings,
    private readonly httpsPort: number,
  ) {}

  /** @returns false where the request is over HTTPS already, or for everybody; nothing of it was touched then */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if ((request.socket as Partial<TLSSocket>).encrypted === true) return false;
    const { url = '/', method } = request;
    if (IN_CLEAR.has(url.split('?', 1)[0] ?? '') || this.cameOverTls(request)) return false;
    // A body is not read here: Node.js throws it away, where closing could take the answer from a client that still sends.
    const path = url.startsWith('/') ? url : '/';
    void sendAnswer(
      request,
      response,
      {
        // 308 keeps method and body, and snapd sends a refresh as POST; what asks with GET may be older than 308.
        status: method === 'GET' || method === 'HEAD' ? 301 : 308,
        headers: {
          location: `${this.baseUrls.secureOf(request, this.httpsPort)}${path}`,
          // HTTPS may be turned off again, and a browser would not forget.
          'cache-control': 'no-cache',
        },
        body: EMPTY_BODY,
      },
      ignore,
    );
    return true;
  }

  /** A reverse proxy has ended TLS in front; sent to HTTPS, its client would come the same way again. */
  private cameOverTls(request: IncomingMessage): boolean {
    return request.headers['x-forwarded-proto'] === 'https' && this.settings.flag('proxy.trust-forwarded-proto');
  }
}

function ignore(): void {
  // Only a streamed body can fail.
}
