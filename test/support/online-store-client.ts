import { HttpClient, type HttpLimits } from '../../src/modules/upstream/http/http-client.js';
import { Retries, type RetryOptions } from '../../src/modules/upstream/http/retries.js';
import type { StoreLogin } from '../../src/modules/upstream/login/store-login.js';
import { StoreSession } from '../../src/modules/upstream/login/store-session.js';
import { HttpOnlineStore } from '../../src/modules/upstream/online-store/http-online-store.js';
import type { StoreAnswer, StoreTransfer, StoreWish } from '../../src/modules/upstream/online-store/online-store.js';

type Found = Extract<StoreAnswer, { found: true }>;

export interface TestClientOptions {
  readonly storeId?: string;
  readonly login?: StoreLogin;
  readonly ssoLocation?: string;
  readonly limits?: Partial<HttpLimits>;
  readonly retries?: Partial<RetryOptions>;
  readonly proxy?: string;
}

/** The store's client, in a hurry: three tries without pauses to speak of, and two seconds of silence at the most. */
export function onlineStoreClient(url: string, given: TestClientOptions = {}): HttpOnlineStore {
  const { limits = {}, retries = {}, proxy = null, storeId = null, login, ssoLocation = null } = given;
  const http = new HttpClient({
    proxy,
    mayCallOut: () => undefined,
    userAgent: 'test',
    limits: { answerMs: 2000, ...limits },
    reusesConnections: true,
  });
  const hurried = new Retries({ tries: 3, firstPauseMs: 1, ...retries });
  const session = login === undefined ? null : new StoreSession(login, http, ssoLocation);
  return new HttpOnlineStore(http, hurried, { url, session, storeId });
}

export function wish(name: string, given: Partial<StoreWish> = {}): StoreWish {
  return { name, snapId: null, architecture: 'amd64', channel: null, revision: null, cohortKey: null, ...given };
}

export function found(answer: StoreAnswer | undefined): Found {
  if (answer?.found !== true) throw new Error(`not found: ${JSON.stringify(answer)}`);
  return answer;
}

export async function bytesOf(transfer: StoreTransfer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of transfer.bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
