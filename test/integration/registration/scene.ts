import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';

import { openContext } from '../../../src/application.js';
import { startAuthority, type RunningAuthority } from '../../../src/authority-server.js';
import { encodeAssertionStream, SigningKey } from '../../../src/formats/assertion/index.js';
import type { Answers, Question } from '../../../src/formats/registration-protocol/index.js';
import { KeyService } from '../../../src/modules/keys/index.js';
import {
  AuthorityService,
  type Credentials,
  type LoginRefusedError,
  makeRoot,
  OperatorService,
  type Registrant,
  RegistrationService,
  StoreIdentityService,
  type VerifiedRegistration,
} from '../../../src/modules/registration/index.js';
import { HttpAuthorityClient, HttpClient, type HttpClientOptions } from '../../../src/modules/upstream/index.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { createTestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

export const EMAIL = 'ops@example.org';
export const PASSWORD = 'planted-password-of-ops';
export const URL_ASKED = 'https://snaps.internal';

export function newPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export interface AuthorityOptions {
  readonly questions?: readonly Question[];
  readonly tls?: { readonly cert: string; readonly key: string } | null;
}

/** An authority that listens on loopback, with a database of its own and one operator. */
export class AuthorityScene {
  private constructor(
    readonly server: RunningAuthority,
    readonly rootStream: Buffer,
    readonly operators: OperatorService,
    private readonly lines: string[],
    private readonly leave: () => Promise<void>,
  ) {}

  static async open({ questions = [], tls = null }: AuthorityOptions = {}): Promise<AuthorityScene> {
    const database = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'authority-'));
    await chmod(dataDir, 0o755);
    const settings = () => new Settings({ flag: new Map([['proxy.db.connection', database.uri]]) });
    const lines: string[] = [];
    const loggers = new LoggerFactory(pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }));
    const office = await openContext({ dataDir, settings: settings(), loggers: LoggerFactory.silent() });
    const pem = newPem();
    const root = makeRoot('acme-lab', new SigningKey((await import('node:crypto')).createPrivateKey(pem)), new Date());
    await office.get(AuthorityService).found(root, Buffer.from(pem));
    const operators = office.get(OperatorService);
    await operators.add({ email: EMAIL, password: PASSWORD, hasSecondFactor: false, reset: false });
    const server = await startAuthority({
      dataDir,
      settings: settings(),
      loggers,
      host: '127.0.0.1',
      port: 0,
      tls,
      questions,
      url: null,
    });
    return new AuthorityScene(server, encodeAssertionStream(root.assertions), operators, lines, async () => {
      await server.close();
      await office.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    });
  }

  get log(): string {
    return this.lines.join('');
  }

  client(options: Partial<HttpClientOptions> = {}): HttpAuthorityClient {
    return clientOf(this.server.url, options);
  }

  async close(): Promise<void> {
    await this.leave();
  }
}

export function clientOf(url: string, options: Partial<HttpClientOptions> = {}): HttpAuthorityClient {
  const http = new HttpClient({ proxy: null, mayCallOut: () => undefined, userAgent: 'test', ...options });
  return new HttpAuthorityClient(http, { dashboard: url, sso: url });
}

/** A connected side: a store with keys, and nothing else yet. */
export class ConnectedSide {
  private constructor(
    readonly store: TestStore,
    private readonly leave: () => Promise<void>,
  ) {}

  /** @param roots what it trusts */
  static async open(roots: Buffer): Promise<ConnectedSide> {
    const database = await createTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'connected-'));
    const file = join(folder, 'root.assert');
    await chmod(folder, 0o755);
    await writeFile(file, roots);
    const settings = { 'proxy.trust.extra-roots': file };
    const store = await openTestStore({ uri: database.uri, authority: TestAuthority.create(), settings });
    await store.context.get(KeyService).importKey(Buffer.from(newPem()), 'identity');
    return new ConnectedSide(store, async () => {
      await store.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    });
  }

  register(
    client: HttpAuthorityClient,
    { url = URL_ASKED, person = new Person(), signal = AbortSignal.timeout(60_000) }: RegisterOptions = {},
  ): Promise<VerifiedRegistration> {
    const onStep = () => undefined;
    return this.store.context.get(RegistrationService).register({ client, url, registrant: person, onStep, signal });
  }

  adopt(registration: VerifiedRegistration) {
    return this.store.context.get(StoreIdentityService).adopt(registration);
  }

  async identity() {
    return this.store.context.get(StoreIdentityService).current();
  }

  async close(): Promise<void> {
    await this.leave();
  }
}

interface RegisterOptions {
  readonly url?: string;
  readonly person?: Registrant;
  readonly signal?: AbortSignal;
}

/** Who says what a test has him say, and throws the refusal when there is nothing else to try. */
export class Person implements Registrant {
  /** What he was told and asked, in order. */
  readonly heard: string[] = [];

  constructor(
    private readonly says: {
      readonly credentials?: readonly Omit<Credentials, 'otp'>[];
      readonly otps?: readonly string[];
      readonly answers?: Answers;
    } = {},
  ) {}

  credentials(refusal: LoginRefusedError | null): Promise<Omit<Credentials, 'otp'>> {
    const all = this.says.credentials ?? [{ email: EMAIL, password: PASSWORD }];
    return this.next('credentials', all, refusal);
  }

  otp(refusal: LoginRefusedError | null): Promise<string> {
    return this.next('otp', this.says.otps ?? [], refusal);
  }

  answers(questions: readonly Question[]): Promise<Answers> {
    this.heard.push(`answers ${questions.map(({ id }) => id).join(' ')}`);
    return Promise.resolve(this.says.answers ?? {});
  }

  private next<T>(what: string, all: readonly T[], refusal: LoginRefusedError | null): Promise<T> {
    const said = all[this.heard.filter((one) => one.startsWith(what)).length];
    this.heard.push(`${what}${refusal === null ? '' : ` after ${refusal.code}`}`);
    if (said === undefined) return Promise.reject(refusal ?? new Error(`nobody has a ${what}`));
    return Promise.resolve(said);
  }
}
