import 'reflect-metadata';

import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

import { AppModule } from './app.module.js';
import { type ApplicationInput, nestOptions, withDatabase } from './application.js';
import { messageOf } from './kernel/store-error.js';
import { type Holdings, ListingService } from './modules/catalog/index.js';
import { WatchFolder } from './modules/snap-import/index.js';
import type { Settings } from './platform/config/settings.js';
import { SettingsService } from './platform/config/settings.service.js';
import { installedGuard } from './platform/egress/index.js';
import { FastLaneAdapter } from './platform/http/fast-lane-adapter.js';
import { recordServer } from './platform/process/running-servers.js';
import { CannotListenError, PortInUseError } from './platform/http/http.errors.js';

export interface ServerInput extends ApplicationInput {
  /** Absent: `proxy.port.http`. 0 takes any free port. */
  readonly port?: number;
  /** Absent: `proxy.ipaddress`. */
  readonly host?: string;
  /** False: leaves the import folder to another process of this store. */
  readonly background?: boolean;
}

export interface RunningServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Where devices on the network reach it, best first. */
  readonly urls: readonly string[];
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
  const log = input.loggers.named('egress');
  installedGuard()?.onRefusal(({ kind, destination, caller }) => {
    log.error({ kind, destination, caller }, 'refused: the store is in air-gapped mode');
  });
  const app = await withDatabase(input, (platform) =>
    NestFactory.create<NestExpressApplication>(AppModule.forRoot(platform), new FastLaneAdapter(), {
      ...nestOptions(input),
      // Bodies are read where they are wanted, each with its own limit.
      bodyParser: false,
    }),
  );
  try {
    await listen(app, port, host);
    await app.get(SettingsService).follow();
    if (input.background !== false) app.get(WatchFolder).start();
    const bound = app.getHttpServer().address() as AddressInfo;
    const address = { host: bound.address, port: bound.port };
    const urls = urlsOf(input.settings, bound);
    const forget = await recordServer(input.dataDir, { address, urls });
    let closing: Promise<void> | null = null;
    return {
      address,
      urls,
      holdings: () => app.get(ListingService).holdings(),
      close: () => (closing ??= forget().then(() => app.close())),
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function listen(app: NestExpressApplication, port: number, host: string): Promise<void> {
  await app.init();
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
function urlsOf(settings: Settings, { address, port, family }: AddressInfo): string[] {
  const suffix = port === 80 ? '' : `:${port}`;
  const urlOf = (host: string): string => `http://${host.includes(':') ? `[${host}]` : host}${suffix}`;
  const publicUrl = settings.get('proxy.public-url');
  if (publicUrl !== null) return [publicUrl.replace(/\/+$/, '')];
  const domain = settings.get('proxy.domain');
  if (domain !== null) return [urlOf(domain)];
  if (address !== '::' && address !== '0.0.0.0') return [urlOf(address)];
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = own.filter((one) => {
    const isLinkLocal = one.family === 'IPv6' && one.address.startsWith('fe80:');
    return !one.internal && !isLinkLocal && (family === 'IPv6' || one.family === 'IPv4');
  });
  return [...reachable.map((one) => urlOf(one.address)), urlOf('127.0.0.1')];
}
