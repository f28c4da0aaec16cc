import 'reflect-metadata';

import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { type ApplicationInput, nestOptions, withDatabase } from './application.js';
import { messageOf } from './kernel/store-error.js';
import { DeltaWorker, type Holdings, ListingService, SearchIndexer } from './modules/catalog/index.js';
import { DeviceUpkeep } from './modules/devices/index.js';
import { HttpsFollower } from './modules/https/index.js';
import { RegistrationIntake, StoreIdentityService } from './modules/registration/index.js';
import { WatchFolder } from './modules/snap-import/index.js';
import { MetricsListener, MetricsSource } from './observability/index.js';
import type { Settings } from './platform/config/settings.js';
import { SettingsService } from './platform/config/settings.service.js';
import { BaseUrl, configuredUrl, urlOf } from './platform/http/base-url.js';
import { installedGuard } from './platform/egress/index.js';
import { FastLaneAdapter } from './platform/http/fast-lane-adapter.js';
import { HttpsRedirect } from './platform/http/https-redirect.js';
import type { PortAddress } from './platform/http/secure-port.js';
import type { Logger } from './platform/logging/logger.js';
import { StoreUrl } from './platform/http/store-url.js';
import { recordServer } from './platform/process/running-servers.js';
import { CannotListenError, PortInUseError } from './platform/http/http.errors.js';
import { ServerModule } from './server.module.js';

export interface ServerInput extends ApplicationInput {
  /** Absent: `proxy.port.http`. 0 takes any free port. */
  readonly port?: number;
  /** Absent: `proxy.port.https`. 0 takes any free port. */
  readonly httpsPort?: number;
  /** Absent: `proxy.ipaddress`. */
  readonly host?: string;
  /** False: leaves the import folder, and what is made in the background, to another process of this store. */
  readonly background?: boolean;
  /** True: tells Prometheus of itself where `proxy.metrics.listen` says. */
  readonly metrics?: boolean;
}

export interface RunningServer {
  readonly address: PortAddress;
  /** Where it listens for HTTPS right now; null while there is no certificate. */
  readonly secureAddress: PortAddress | null;
  /** Where devices on the network reach it right now, best first. */
  readonly urls: readonly string[];
  readonly metrics: MetricsSource;
  holdings(): Promise<Holdings>;
  /** Lets answers that are being given end, for a while, and closes everything. Calling it again waits for the first call. */
  close(): Promise<void>;
}

/**
 * Starts the store and resolves when it listens.
 * @throws PortInUseError, CannotListenError, and what opening the database throws; nothing stays open then
 */
export async function startServer(input: ServerInput): Promise<RunningServer> {
  const port = input.port ?? Number(input.settings.get('proxy.port.http'));
  const host = (input.host ?? input.settings.get('proxy.ipaddress') ?? '[::]').replace(/^\[(.*)\]$/, '$1');
  const httpsPort = input.httpsPort ?? Number(input.settings.get('proxy.port.https'));
  const adapter = new FastLaneAdapter();
  const log = input.loggers.named('egress');
  installedGuard()?.onRefusal(({ kind, destination, caller }) => {
    log.error({ kind, destination, caller }, 'refused: the store is in air-gapped mode');
  });
  const app = await withDatabase(input, (platform) =>
    NestFactory.create<NestExpressApplication>(ServerModule.forRoot(platform), adapter, {
      ...nestOptions(input),
      // Bodies are read where they are wanted, each with its own limit.
      bodyParser: false,
    }),
  );
  try {
    await app.init();
    await takeInRegistration(app, input.loggers.named('registration'));
    await listen(app, port, host);
    await app.get(SettingsService).follow();
    await app.get(StoreIdentityService).follow();
    const { address: boundHost, port: boundPort } = app.getHttpServer().address() as AddressInfo;
    const address = { host: boundHost, port: boundPort };
    let secureAddress: PortAddress | null = null;
    const urls = (): string[] =>
      urlsOf(input.settings, app.get(StoreUrl), secureAddress ?? address, secureAddress !== null);
    const record = (): Promise<() => Promise<void>> =>
      recordServer(input.dataDir, { address, secureAddress, urls: urls() });
    const secure = adapter.securePort({ host: boundHost, port: httpsPort }, async (moved) => {
      secureAddress = moved;
      adapter.gate = moved && new HttpsRedirect(app.get(BaseUrl), input.settings, moved.port);
      await record();
    });
    await app.get(HttpsFollower).follow(secure);
    if (input.background !== false) {
      app.get(WatchFolder).start();
      await app.get(DeltaWorker).start();
    }
    app.get(DeviceUpkeep).start();
    app.get(SearchIndexer).startCatchingUp();
    if (input.metrics === true) await app.get(MetricsListener).start();
    const forget = await record();
    let closing: Promise<void> | null = null;
    return {
      address,
      get secureAddress() {
        return secureAddress;
      },
      get urls() {
        return urls();
      },
      metrics: app.get(MetricsSource),
      holdings: () => app.get(ListingService).holdings(),
      close: () => (closing ??= forget().then(() => app.close())),
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** What was carried here before there was a database. One that cannot be taken in does not keep the store from serving. */
async function takeInRegistration(app: NestExpressApplication, log: Logger): Promise<void> {
  try {
    const outcome = await app.get(RegistrationIntake).takeCarried({ password: null });
    if (outcome.state === 'taken-in') log.info({ store: outcome.identity.storeId }, 'took in the carried registration');
    if (outcome.state === 'sealed') log.warn({}, 'the carried registration waits for "enable-airgap-mode" to open it');
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'the carried registration cannot be taken in');
  }
}

async function listen(app: NestExpressApplication, port: number, host: string): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Without IPv6 there is no address that takes both; every IPv4 address is all there is then.
    if (host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) return listen(app, port, '0.0.0.0');
    if (code === 'EADDRINUSE') throw new PortInUseError(host, port);
    throw new CannotListenError(`cannot listen on ${host} port ${port}: ${messageOf(error)}`, { host, port });
  }
}

/** What the operator has set, else the machine's own addresses. */
function urlsOf(settings: Settings, storeUrl: StoreUrl, { host, port }: PortAddress, isSecure: boolean): string[] {
  const scheme = isSecure ? 'https' : 'http';
  const set = configuredUrl(settings, storeUrl, { scheme, port });
  if (set !== null) return [set];
  if (host !== '::' && host !== '0.0.0.0') return [urlOf(scheme, host, port)];
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = own.filter((one) => {
    const isLinkLocal = one.family === 'IPv6' && one.address.startsWith('fe80:');
    return !one.internal && !isLinkLocal && (host === '::' || one.family === 'IPv4');
  });
  return [...reachable.map(({ address }) => urlOf(scheme, address, port)), urlOf(scheme, '127.0.0.1', port)];
}
