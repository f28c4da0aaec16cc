import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { type Assertion, assertionRef, decodeAssertionStream } from '../../src/formats/assertion/index.js';
import { sha3 } from './bundles.js';
import { type Answer, fileAnswer, notFound, sendAnswer } from './online-store/answer.js';
import { answerInfo, answerRefresh } from './online-store/answers.js';
import { distorted, type Misbehaviour } from './online-store/misbehaviour.js';
import {
  componentFile,
  type OfferedRelease,
  type OfferedRevision,
  type OfferedSnap,
  offeredRevision,
  type Publication,
  snapYamlOf,
} from './online-store/offer.js';
import { type SignedSnap, snapFile, type TestAuthority, testSnapId } from './test-authority.js';

export type { Misbehaviour } from './online-store/misbehaviour.js';
export type { Publication } from './online-store/offer.js';

export interface OnlineStoreOptions {
  /** Signs what is published without assertions; its root account and key can be asked for. */
  readonly authority?: TestAuthority;
  /** Without the info endpoint, as snapd's own test store. */
  readonly withoutInfo?: boolean;
  /** Private snaps are shown to who sends exactly this `Authorization`. */
  readonly authorization?: string;
  /** What its answers say that files are at, where that is another place than `url`. */
  readonly publicUrl?: string;
  /** HTTPS instead of HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Starts an online store of this machine's own, which answers a snapd client as store-protocol.md says that the real one does. */
export async function startOnlineStore(options: OnlineStoreOptions = {}): Promise<EmulatedOnlineStore> {
  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new EmulatedOnlineStore(server, options);
}

interface Trap {
  readonly matches: string | RegExp;
  readonly how: Misbehaviour;
  timesLeft: number;
}

export class EmulatedOnlineStore {
  readonly url: string;
  readonly publicUrl: string;
  /** In the order in which they came. */
  readonly requests: RecordedRequest[] = [];
  readonly snaps = new Map<string, OfferedSnap>();
  /** Cohort key to the revision that each snap has in it. */
  readonly cohorts = new Map<string, Map<string, number>>();
  private readonly assertions = new Map<string, Assertion>();
  private readonly files = new Map<string, { readonly content: Buffer; readonly contentType: string }>();
  private readonly bytesSent = new Map<string, number>();
  private readonly traps: Trap[] = [];

  constructor(
    private readonly server: Server,
    readonly options: OnlineStoreOptions,
  ) {
    const scheme = options.tls === undefined ? 'http' : 'https';
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.publicUrl = options.publicUrl ?? this.url;
    server.on('request', (request: IncomingMessage, response) => {
      void this.answer(request).then(({ answer, how }) => {
        const count = (bytes: number) => {
          const path = request.url ?? '';
          this.bytesSent.set(path, this.sentBytes(path) + bytes);
        };
        sendAnswer(response, answer, how, count);
      });
    });
    this.offerAssertions(options.authority?.roots ?? []);
  }

  /** Offers a revision, signs what proves it unless that is given, and releases it to the channels that are named. */
  async publish(given: Publication): Promise<OfferedRevision> {
    const snapId = given.snapId ?? this.snaps.get(given.name)?.snapId ?? testSnapId(given.name);
    const signed = await this.signed(given, snapId);
    this.offerAssertions(signed.assertions);
    const components = (given.components ?? []).map((component) => {
      const content = component.content ?? componentFile(given.name, component);
      this.offerComponent(given, snapId, component.name, component.revision, content);
      const path = `/api/v1/snaps/download/${snapId}_${given.revision}+${component.name}_${component.revision}.comp`;
      return { type: 'standard', version: null, ...component, content, path };
    });
    for (const { path, content } of components) this.offerFile(path, content);
    const media = (given.media ?? []).map(({ bytes, contentType, ...use }, index) => {
      const path = `/media/${given.name}/${index}-${sha3(bytes).hex.slice(0, 16)}`;
      this.offerFile(path, bytes, contentType);
      return { width: null, height: null, ...use, path };
    });
    const offered = offeredRevision(given, snapId, { content: signed.content, components, media });
    this.offerFile(offered.path, signed.content);
    const snap = this.snaps.get(given.name) ?? { name: given.name, snapId, revisions: new Map(), releases: [] };
    this.snaps.set(given.name, snap);
    snap.revisions.set(given.revision, offered);
    for (const channel of given.channels ?? ['latest/stable']) this.release(given.name, given.revision, channel);
    return offered;
  }

  /** Releases to a channel, `track/risk[/branch]`, on every architecture that the revision runs on. */
  release(name: string, revision: number, channel: string, releasedAt = '2026-01-02T03:04:05.678901+00:00'): void {
    const snap = this.snaps.get(name);
    const offered = snap?.revisions.get(revision);
    if (snap === undefined || offered === undefined) throw new Error(`${name} ${revision} is not published`);
    for (const architecture of offered.architectures) {
      const isOlder = (one: OfferedRelease) => one.channel === channel && one.architecture === architecture;
      const at = snap.releases.findIndex(isOlder);
      if (at !== -1) snap.releases.splice(at, 1);
      snap.releases.push({ architecture, channel, revision, releasedAt });
    }
  }

  offerAssertions(assertions: Iterable<Assertion>): void {
    for (const assertion of assertions) this.assertions.set(assertion.ref.id, assertion);
  }

  offerFile(path: string, content: Buffer, contentType = 'application/octet-stream'): void {
    this.files.set(path, { content, contentType });
  }

  /**
   * What comes now is answered so, if `METHOD /path?query` of it contains or fits this; the newest trap that fits counts.
   * @param times how many requests; all of them without it
   */
  misbehave(matches: string | RegExp, how: Misbehaviour, { times = Infinity } = {}): void {
    this.traps.unshift({ matches, how, timesLeft: times });
  }

  behave(): void {
    this.traps.splice(0);
  }

  /** Bytes of bodies that were sent for this path with its query, over all requests. */
  sentBytes(path: string): number {
    return this.bytesSent.get(path) ?? 0;
  }

  requestsOf(matches: string | RegExp): RecordedRequest[] {
    return this.requests.filter(({ method, path }) => fits(`${method} ${path}`, matches));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage): Promise<{ answer: Answer; how: Misbehaviour | null }> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = '', url: path = '' } = request;
    const recorded = { method, path, headers: request.headers, body: Buffer.concat(pieces).toString('utf8') };
    this.requests.push(recorded);
    const trap = this.traps.find(({ matches, timesLeft }) => timesLeft > 0 && fits(`${method} ${path}`, matches));
    if (trap !== undefined) trap.timesLeft -= 1;
    const answer = this.honestAnswer(recorded);
    return trap === undefined ? { answer, how: null } : { answer: distorted(answer, trap.how), how: trap.how };
  }

  private honestAnswer(request: RecordedRequest): Answer {
    const url = new URL(request.path, this.url);
    const [, api, kind, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    if (api === 'v2' && kind === 'assertions') return this.answerAssertion(rest, url.searchParams);
    if (request.path === '/v2/snaps/refresh' && request.method === 'POST') return answerRefresh(this, request);
    if (api === 'v2' && kind === 'snaps' && rest[0] === 'info' && this.options.withoutInfo !== true) {
      return answerInfo(this, rest[1] ?? '', url.searchParams, request);
    }
    const file = this.files.get(url.pathname);
    if (file !== undefined) return fileAnswer(file.content, file.contentType, request.headers.range);
    return {
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from('no such page\n'),
    };
  }

  private answerAssertion([type = '', ...key]: readonly string[], query: URLSearchParams): Answer {
    const found = query.has('sequence')
      ? this.inSequence(type, key, query.get('sequence') ?? '')
      : this.byKey(type, key);
    if (found === null) return notFound('not-found', 'no such assertion', 'application/problem+json');
    const headers = { 'content-type': 'application/x.ubuntu.assertion' };
    return { status: 200, headers, body: Buffer.from(found.encoded) };
  }

  private byKey(type: string, key: readonly string[]): Assertion | null {
    try {
      return this.assertions.get(assertionRef(type, key).id) ?? null;
    } catch {
      return null;
    }
  }

  private inSequence(type: string, key: readonly string[], wanted: string): Assertion | null {
    const start = `${[type, ...key].join('/')}/`;
    const members = [...this.assertions.values()]
      .filter(({ ref, type: { isSequenceForming } }) => isSequenceForming && ref.id.startsWith(start))
      .sort((a, b) => (b.sequence ?? 0) - (a.sequence ?? 0));
    return (wanted === 'latest' ? members[0] : members.find(({ sequence }) => String(sequence) === wanted)) ?? null;
  }

  private async signed(given: Publication, snapId: string): Promise<Pick<SignedSnap, 'content' | 'assertions'>> {
    const content = given.content ?? snapFile({ ...given, snapId, snapYaml: snapYamlOf(given) });
    if (given.stream !== undefined) return { content, assertions: await decodeAssertionStream(given.stream) };
    const { declaration = {}, snapRevision = {} } = given;
    return this.signer().snap({
      name: given.name,
      snapId,
      revision: given.revision,
      content,
      declaration,
      snapRevision,
    });
  }

  private offerComponent(given: Publication, snapId: string, name: string, revision: number, content: Buffer): void {
    const common = { 'snap-id': snapId, 'resource-name': name, 'resource-revision': String(revision) };
    const proof = { ...common, 'developer-id': 'testpublisher' };
    const size = { 'resource-sha3-384': sha3(content).base64url, 'resource-size': String(content.length) };
    this.offerAssertions([
      this.signer().sign('snap-resource-revision', { ...proof, ...size }),
      this.signer().sign('snap-resource-pair', { ...proof, 'snap-revision': String(given.revision) }),
    ]);
  }

  private signer(): TestAuthority {
    if (this.options.authority === undefined) throw new Error('no authority signs for this store');
    return this.options.authority;
  }
}

function fits(text: string, matches: string | RegExp): boolean {
  return typeof matches === 'string' ? text.includes(matches) : matches.test(text);
}
