import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';

import { AppModule } from '../../src/app.module.js';
import { nestOptions, withDatabase } from '../../src/application.js';
import { Channel } from '../../src/kernel/channel.js';
import { AssertionService } from '../../src/modules/assertions/index.js';
import { ReleaseService } from '../../src/modules/catalog/index.js';
import { ImportService } from '../../src/modules/snap-import/index.js';
import { Settings } from '../../src/platform/config/settings.js';
import { LoggerFactory } from '../../src/platform/logging/logger.js';
import { startServer } from '../../src/server.js';
import { packBundle, type TestBundle } from './bundles.js';
import { createTestDatabase } from './database.js';
import { type SignedSnap, TestAuthority } from './test-authority.js';
import { openTestStore, type TestStore } from './test-store.js';

/** `lane`: the store's own server. `controllers`: an application that embeds the store on Nest's own Express adapter. */
export type Way = 'lane' | 'controllers';
export const WAYS: readonly Way[] = ['lane', 'controllers'];

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** As the test says that it looks; a wrong guess fails at the first look. */
  readonly json: () => unknown;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** A store that answers on a port, with a database of its own and a root of trust that tests own. */
export class RunningStore {
  private constructor(
    readonly port: number,
    /** The services of another process on the same data, as the command line would have them. */
    readonly operator: TestStore,
    readonly authority: TestAuthority,
    private readonly leave: () => Promise<void>,
  ) {}

  static async open(
    way: Way = 'lane',
    settings: Readonly<Record<string, string>> = {},
    authority = TestAuthority.create(),
  ): Promise<RunningStore> {
    const database = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'running-store-'));
    await chmod(dataDir, 0o755);
    const operator = await openTestStore({ uri: database.uri, authority, dataDir, settings });
    const flag = new Map(
      Object.entries({
        'proxy.db.connection': database.uri,
        'proxy.trust.extra-roots': join(dataDir, 'roots.assert'),
        ...settings,
      }),
    );
    const input = {
      dataDir,
      settings: new Settings({ flag }),
      loggers: LoggerFactory.toStandardError(process.env.SNAP_STORE_TEST_LOG ?? 'silent'),
    };
    const server = way === 'lane' ? await startLane(input) : await startControllers(input);
    return new RunningStore(server.port, operator, authority, async () => {
      await server.close();
      await operator.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    await this.leave();
  }

  /** Imports a snap as another process would, as a pair: to latest/stable, or by hand to where it is told. */
  async push(signed: SignedSnap, channel?: string): Promise<void> {
    const folder = join(this.operator.dataDir, 'pairs');
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${signed.plan.name}_${signed.plan.revision}`);
    await writeFile(`${path}.snap`, signed.content);
    await writeFile(`${path}.assert`, signed.stream);
    await this.operator.context
      .get(ImportService)
      .importPath(`${path}.snap`, { channel: channel === undefined ? null : Channel.parse(channel) });
  }

  /** Imports a bundle as another process would. */
  async pushBundle(bundle: TestBundle): Promise<void> {
    const path = join(this.operator.dataDir, `${bundle.manifest.id}.tar.gz`);
    await writeFile(path, await packBundle(bundle));
    await this.operator.context.get(ImportService).importPath(path);
  }

  /** Takes back the declaration of a snap, as its authority would. */
  async revoke(snapId: string): Promise<void> {
    const revoked = {
      series: '16',
      'snap-id': snapId,
      'snap-name': '',
      'publisher-id': 'testpublisher',
      revision: '1',
    };
    await this.operator.context.get(AssertionService).add([this.authority.sign('snap-declaration', revoked)]);
  }

  get releases(): ReleaseService {
    return this.operator.context.get(ReleaseService);
  }

  /** Asks exactly for this path: nothing is normalized on the way. */
  ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: this.port, method, path, headers, agent: false });
      request.once('error', reject);
      request.once('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(pieces);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes,
            json: () => JSON.parse(bytes.toString()) as unknown,
          });
        });
      });
      request.end(body);
    });
  }
}

type Input = Parameters<typeof startServer>[0];

async function startLane(input: Input): Promise<{ port: number; close: () => Promise<void> }> {
  const server = await startServer({ ...input, port: 0, host: '127.0.0.1' });
  return { port: server.address.port, close: () => server.close() };
}

async function startControllers(input: Input): Promise<{ port: number; close: () => Promise<void> }> {
  const app = await withDatabase(input, (platform) =>
    NestFactory.create(AppModule.forRoot(platform), nestOptions(input)),
  );
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  return { port, close: () => app.close() };
}
