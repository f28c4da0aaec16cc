import { UpstreamUnreachableError } from './http.errors.js';

interface Reason {
  readonly text: string;
  /** Asking again brings the same answer. */
  readonly isFinal?: true;
}

const REASONS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: { text: 'nothing listens there' },
  ENOTFOUND: { text: 'its name is not known', isFinal: true },
  EAI_AGAIN: { text: 'names cannot be looked up' },
  ENETUNREACH: { text: 'there is no way to its network' },
  EHOSTUNREACH: { text: 'there is no way to it' },
  ECONNRESET: { text: 'it closed the connection' },
  EPIPE: { text: 'it closed the connection' },
  UND_ERR_SOCKET: { text: 'it closed the connection' },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { text: 'it closed the connection' },
  UND_ERR_CONNECT_TIMEOUT: { text: 'it does not take the connection' },
  UND_ERR_HEADERS_TIMEOUT: { text: 'it does not answer' },
  UND_ERR_BODY_TIMEOUT: { text: 'it stopped in the middle of an answer' },
  UND_ERR_HEADERS_OVERFLOW: { text: 'the head of its answer is too large', isFinal: true },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    text: 'its certificate is self-signed, and not trusted on this machine',
    isFinal: true,
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    text: 'the authority behind its certificate is not trusted on this machine',
    isFinal: true,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    text: 'the authority behind its certificate is not known on this machine',
    isFinal: true,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    text: 'the authority behind its certificate is not known on this machine',
    isFinal: true,
  },
  CERT_HAS_EXPIRED: { text: 'its certificate has expired', isFinal: true },
  ERR_TLS_CERT_ALTNAME_INVALID: { text: 'its certificate is for another name', isFinal: true },
};
const PROXY_STATUS = /^Proxy response \((\d{3})\)/;

/** What a failed connection means, in words. */
export function unreachable(origin: string, error: unknown): UpstreamUnreachableError {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const proxyStatus = PROXY_STATUS.exec(one.message)?.[1];
    if (proxyStatus !== undefined) return refusedByProxy(origin, proxyStatus, error);
    const reason = REASONS[(one as NodeJS.ErrnoException).code ?? ''];
    if (reason !== undefined) {
      const retry = reason.isFinal === true ? null : { afterMs: null };
      return new UpstreamUnreachableError(origin, reason.text, { cause: error, retry });
    }
  }
  const text = error instanceof Error ? error.message : String(error);
  return new UpstreamUnreachableError(origin, text, { cause: error });
}

function refusedByProxy(origin: string, status: string, cause: unknown): UpstreamUnreachableError {
  if (status === '407') {
    return new UpstreamUnreachableError(origin, 'the proxy wants a user name and a password, or others', { cause });
  }
  const retry = status.startsWith('5') ? { afterMs: null } : null;
  return new UpstreamUnreachableError(origin, `the proxy answers ${status}`, { cause, retry });
}
