import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

import { CertificateService } from '../../../src/modules/https/index.js';
import { Settings } from '../../../src/platform/config/settings.js';
import { SettingsService } from '../../../src/platform/config/settings.service.js';
import { LoggerFactory } from '../../../src/platform/logging/logger.js';
import { type RunningServer, startServer } from '../../../src/server.js';
import { createTestDatabase } from '../../support/database.js';
import { TestAuthority } from '../../support/test-authority.js';
import { openTestStore, type TestStore } from '../../support/test-store.js';

/** One store's data, on which an operator works and servers run. */
export class HttpsScene {
  private constructor(
    readonly dataDir: string,
    readonly operator: TestStore,
    private readonly leave: () => Promise<void>,
  ) {}

  static async open(settings: Readonly<Record<string, string>> = {}): Promise<HttpsScene> {
    const database = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'https-'));
    await chmod(dataDir, 0o755);
    const operator = await openTestStore({ uri: database.uri, authority: TestAuthority.create(), dataDir, settings });
    return new HttpsScene(dataDir, operator, async () => {
      await operator.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    });
  }

  get certificates(): CertificateService {
    return this.operator.context.get(CertificateService);
  }

  set(key: string, value: string | null): Promise<void> {
    return this.operator.context.get(SettingsService).change(new Map([[key, value]]));
  }

  /** Another process of the same store. */
  serve(
    more: { readonly httpsPort?: number; readonly settings?: Readonly<Record<string, string>> } = {},
  ): Promise<RunningServer> {
    const flag = new Map(Object.entries({ 'proxy.db.connection': this.operator.uri, ...more.settings }));
    return startServer({
      dataDir: this.dataDir,
      settings: new Settings({ flag }),
      loggers: LoggerFactory.toStandardError(process.env.SNAP_STORE_TEST_LOG ?? 'silent'),
      port: 0,
      httpsPort: more.httpsPort ?? 0,
      host: '127.0.0.1',
      background: false,
    });
  }

  close(): Promise<void> {
    return this.leave();
  }
}

/** A connection after its handshake; fails where there is none. */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'snaps.internal', ...options });
  await once(socket, 'secureConnect');
  return socket;
}

/** The fingerprint of the certificate that a port shows; null where it shows none. */
export async function shown(port: number): Promise<string | null> {
  const socket = await handshake(port, { rejectUnauthorized: false }).catch(() => null);
  const fingerprint = socket?.getPeerCertificate().fingerprint256 ?? null;
  socket?.destroy();
  return fingerprint;
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export async function takenPort(): Promise<{ port: number; free: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    free: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
