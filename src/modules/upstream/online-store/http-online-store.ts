import {
  type Assertion,
  assertionRef,
  AssertionRefusedError,
  assertionType,
  decodeAssertionStream,
} from '../../../formats/assertion/index.js';
import { Fields } from '../../../formats/bundle/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import { isLoopbackHost } from '../../../kernel/loopback.js';
import { UpstreamAnswerError, UpstreamDeniedError } from '../http/http.errors.js';
import { contentTypeOf, type HttpAnswer, type HttpClient, type HttpHead, placeOf } from '../http/http-client.js';
import type { Retries } from '../http/retries.js';
import type { StoreSession } from '../login/store-session.js';
import { unbelievable } from './answer-fields.js';
import {
  OnlineStore,
  type StoreAnswer,
  type StoreInfo,
  type StoreRequestOptions,
  type StoreTransfer,
  type StoreWish,
} from './online-store.js';
import { StoreInfoNotOfferedError } from './online-store.errors.js';
import { joinInfos, readInfo } from './read-info.js';
import { isErrorList, jsonOf, mustNotBeBusy, unexpected, webPage } from './refused-answers.js';
import { INFO_FIELDS, type LabelledWish, readResults, refreshBody, unanswered } from './resolution.js';
import { transferOf } from './transfer.js';

const WISHES_PER_REQUEST = 50;
const MAX_STREAM_ASSERTIONS = 100;
const ASSERTION_TYPE = 'application/x.ubuntu.assertion';
/** What a server says at a path that it does not have; snapd's test store is a teapot there. */
const NOT_OFFERED = [404, 405, 410, 418, 501];

export interface HttpOnlineStoreOptions {
  /** Base URL, as `proxy.upstream` has it. */
  readonly url: string;
  /** Null where nobody is logged in. */
  readonly session: StoreSession | null;
  /** The id of a store of somebody's own; null for the public one. */
  readonly storeId: string | null;
}

/** Speaks to an online store as snapd does (store-protocol.md, sections 1 and 2). */
export class HttpOnlineStore extends OnlineStore {
  private readonly base: string;

  constructor(
    private readonly http: HttpClient,
    private readonly retries: Retries,
    private readonly options: HttpOnlineStoreOptions,
  ) {
    super();
    this.base = options.url.replace(/\/+$/, '');
  }

  async info(
    name: string,
    architectures: readonly Architecture[],
    options: StoreRequestOptions,
  ): Promise<StoreInfo | null> {
    const infos: StoreInfo[] = [];
    for (const architecture of architectures) {
      const info = await this.infoFor(name, architecture, options);
      if (info !== null) infos.push(info);
    }
    return joinInfos(infos);
  }

  async resolve(wishes: readonly StoreWish[], options: StoreRequestOptions): Promise<StoreAnswer[]> {
    const labelled = wishes.map((wish, index) => ({ key: `download-${index + 1}`, wish, isById: false }));
    const answers = await this.resolveAll(labelled, options);
    // A snap that was renamed is known by its id only.
    const again = labelled.filter(({ key, wish }) => wish.snapId !== null && isUnknown(answers.get(key)));
    const byId = await this.resolveAll(
      again.map((one) => ({ ...one, isById: true })),
      options,
    );
    return labelled.map(({ key, wish }) => {
      const renamed = byId.get(key);
      return (renamed?.found === true ? renamed : answers.get(key)) ?? unanswered(wish);
    });
  }

  async assertion(
    type: string,
    primaryKey: readonly string[],
    options: StoreRequestOptions,
  ): Promise<Assertion | null> {
    const ref = assertionRef(type, primaryKey);
    const found = await this.askAssertion(type, ref.reducedPrimaryKey, {}, options);
    if (found === null || found.ref.id === ref.id) return found;
    throw this.swapped(found, ref.toString());
  }

  async sequenceAssertion(
    type: string,
    sequenceKey: readonly string[],
    sequence: number | null,
    options: StoreRequestOptions,
  ): Promise<Assertion | null> {
    const query = { sequence: sequence === null ? 'latest' : String(sequence) };
    const found = await this.askAssertion(type, sequenceKey, query, options);
    if (found === null) return null;
    const isOfIt = found.type.name === type && found.primaryKey.slice(0, -1).join('/') === sequenceKey.join('/');
    if (isOfIt && (sequence === null || found.sequence === sequence)) return found;
    throw this.swapped(found, [type, ...sequenceKey, query.sequence].join('/'));
  }

  async download(url: string, from: number, { signal }: StoreRequestOptions): Promise<StoreTransfer> {
    const target = new URL(url);
    const place = placeOf(target);
    if (!this.mayComeFrom(target)) throw new UpstreamAnswerError(place, 'is not https: nothing was asked there');
    return this.retries.run(signal, async () => {
      const send = () =>
        this.http.stream(
          {
            method: 'GET',
            url,
            headers: { ...this.oldHeaders(), 'accept-encoding': 'identity', ...rangeFrom(from) },
            credentials: this.credentialsFor(target),
            signal,
          },
          this.mayComeFrom,
        );
      const stream = await this.loggedIn(send, signal);
      try {
        mustNotBeBusy(stream, place);
        this.mustBeLetIn(stream, place);
        return transferOf(stream, from, place);
      } catch (error) {
        stream.discard();
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** Files may come from anywhere over https: digests prove them. In clear only from this machine, for a store on this machine. */
  private readonly mayComeFrom = (url: URL): boolean => {
    if (url.protocol === 'https:') return true;
    const own = new URL(this.base);
    return (
      url.protocol === 'http:' &&
      own.protocol === 'http:' &&
      isLoopbackHost(own.hostname) &&
      isLoopbackHost(url.hostname)
    );
  };

  private async infoFor(
    name: string,
    architecture: Architecture,
    { signal }: StoreRequestOptions,
  ): Promise<StoreInfo | null> {
    const query = new URLSearchParams({ architecture, fields: INFO_FIELDS.join(',') });
    const path = `/v2/snaps/info/${encodeURIComponent(name)}`;
    const answer = await this.ask(`${path}?${query.toString()}`, this.headersFor(architecture), { signal });
    const where = `${this.base}${path}`;
    if (answer.status !== 200) {
      if (isErrorList(answer) && answer.status === 404) return null;
      if (NOT_OFFERED.includes(answer.status)) throw new StoreInfoNotOfferedError(where);
      throw unexpected(answer, where);
    }
    const fields = Fields.of(jsonOf(answer, where), unbelievable(where, `"${name}"`));
    return readInfo(fields, name, architecture, this.mayComeFrom);
  }

  /** By label. One request can only be for one architecture. */
  private async resolveAll(
    wishes: readonly LabelledWish[],
    options: StoreRequestOptions,
  ): Promise<Map<string, StoreAnswer>> {
    const answers = new Map<string, StoreAnswer>();
    for (const architecture of new Set(wishes.map(({ wish }) => wish.architecture))) {
      const group = wishes.filter(({ wish }) => wish.architecture === architecture);
      for (let at = 0; at < group.length; at += WISHES_PER_REQUEST) {
        const some = group.slice(at, at + WISHES_PER_REQUEST);
        for (const [key, answer] of await this.refreshLoggedIn(some, architecture, options)) answers.set(key, answer);
      }
    }
    return answers;
  }

  private async refresh(
    wishes: readonly LabelledWish[],
    architecture: Architecture,
    { signal }: StoreRequestOptions,
  ): Promise<[string, StoreAnswer][]> {
    const path = '/v2/snaps/refresh';
    const where = `${this.base}${path}`;
    const headers = { ...this.headersFor(architecture), 'content-type': 'application/json' };
    const answer = await this.ask(path, headers, { body: refreshBody(wishes), signal });
    if (answer.status !== 200) throw unexpected(answer, where);
    return readResults(jsonOf(answer, where), where, wishes, this.mayComeFrom);
  }

  /** As `refresh`; a store may say for each snap that the log-in is too old. */
  private async refreshLoggedIn(
    wishes: readonly LabelledWish[],
    architecture: Architecture,
    options: StoreRequestOptions,
  ): Promise<[string, StoreAnswer][]> {
    const answers = await this.refresh(wishes, architecture, options);
    const isTooOld = answers.some(([, answer]) => !answer.found && answer.code === 'user-authorization-needs-refresh');
    const isRenewed = isTooOld && (await this.options.session?.renew(options.signal)) === true;
    return isRenewed ? this.refresh(wishes, architecture, options) : answers;
  }

  private async askAssertion(
    type: string,
    key: readonly string[],
    query: Readonly<Record<string, string>>,
    { signal }: StoreRequestOptions,
  ): Promise<Assertion | null> {
    const path = `/v2/assertions/${[type, ...key].map(encodeURIComponent).join('/')}`;
    const where = `${this.base}${path}`;
    const parameters = new URLSearchParams({ 'max-format': String(assertionType(type).maxFormat), ...query });
    const headers = { ...this.oldHeaders(), accept: ASSERTION_TYPE };
    const answer = await this.ask(`${path}?${parameters.toString()}`, headers, { signal });
    if (answer.status === 404 && isErrorList(answer)) return null;
    if (answer.status !== 200) throw unexpected(answer, where);
    if (contentTypeOf(answer) === 'text/html') throw webPage(answer, where);
    return firstAssertion(answer.bytes, where);
  }

  private ask(
    path: string,
    headers: Readonly<Record<string, string>>,
    { body, signal }: { readonly body?: string; readonly signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const url = `${this.base}${path}`;
    const where = placeOf(new URL(url));
    return this.retries.run(signal, async () => {
      const send = () =>
        this.http.whole({
          method: body === undefined ? 'GET' : 'POST',
          url,
          headers: { accept: 'application/json', ...headers },
          credentials: this.credentialsFor(new URL(url)),
          ...(body === undefined ? {} : { body }),
          signal,
        });
      const answer = await this.loggedIn(send, signal);
      mustNotBeBusy(answer, where);
      this.mustBeLetIn(answer, where);
      return answer;
    });
  }

  /** Asks, and once more where the store says that the log-in is too old and it could be renewed. */
  private async loggedIn<T extends HttpHead>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const answer = await send();
    const isTooOld = answer.status === 401 && answer.header('www-authenticate')?.includes('needs_refresh=1') === true;
    return isTooOld && (await this.options.session?.renew(signal)) === true ? send() : answer;
  }

  private mustBeLetIn({ status }: HttpHead, where: string): void {
    if (status === 402) throw new UpstreamDeniedError(where, 'the snap has to be bought first');
    if (status !== 401 && status !== 403) return;
    const why = this.options.session === null ? 'wants credentials' : 'does not take these credentials';
    throw new UpstreamDeniedError(where, `it ${why} (${status})`);
  }

  /** Nobody but the store itself gets to see them. */
  private credentialsFor(url: URL): Readonly<Record<string, string>> {
    const { session } = this.options;
    return session === null || url.origin !== new URL(this.base).origin ? {} : session.credentials;
  }

  private headersFor(architecture: Architecture): Record<string, string> {
    const { storeId } = this.options;
    return {
      'snap-device-architecture': architecture,
      'snap-device-series': '16',
      'snap-classic': 'true',
      'snap-device-capabilities': 'default-tracks',
      ...(storeId === null ? {} : { 'snap-device-store': storeId }),
    };
  }

  /** The names that assertions and downloads still have. */
  private oldHeaders(): Record<string, string> {
    const { storeId } = this.options;
    return {
      'x-ubuntu-series': '16',
      'x-ubuntu-classic': 'true',
      'x-ubuntu-wire-protocol': '1',
      'snap-device-capabilities': 'default-tracks',
      ...(storeId === null ? {} : { 'x-ubuntu-store': storeId }),
    };
  }

  private swapped(found: Assertion, asked: string): UpstreamAnswerError {
    return new UpstreamAnswerError(
      this.base,
      `answers with the assertion ${found.ref.toString()} where ${asked} was asked for`,
    );
  }
}

function isUnknown(answer: StoreAnswer | undefined): boolean {
  if (answer === undefined) return true;
  return !answer.found && (answer.code === 'name-not-found' || answer.code === 'id-not-found');
}

function rangeFrom(from: number): Record<string, string> {
  return from === 0 ? {} : { range: `bytes=${from}-` };
}

async function firstAssertion(bytes: Buffer, where: string): Promise<Assertion> {
  try {
    const [first, ...more] = await decodeAssertionStream(bytes);
    if (first !== undefined && more.length < MAX_STREAM_ASSERTIONS) return first;
  } catch (error) {
    if (!(error instanceof AssertionRefusedError)) throw error;
    throw new UpstreamAnswerError(where, `answers with an assertion that is none: ${error.message}`, { cause: error });
  }
  throw new UpstreamAnswerError(where, 'answers with no assertion');
}
