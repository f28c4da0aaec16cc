import 'reflect-metadata';

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';

import { type ApplicationInput, nestOptions, withDatabase } from './application.js';
import { messageOf } from './kernel/store-error.js';
import { AuthorityServerModule, type AuthorityServerOptions, AuthorityService } from './modules/registration/index.js';
import { CannotListenError, PortInUseError } from './platform/http/http.errors.js';
import { PlatformModule, type PlatformOptions } from './platform/platform.module.js';

export interface AuthorityServerInput extends ApplicationInput, AuthorityServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** In PEM; null serves plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

export interface RunningAuthority {
  readonly url: string;
  readonly port: number;
  readonly accountId: string;
  close(): Promise<void>;
}

/** What a client may take its time with. In milliseconds. */
const LIMITS = {
  headersMs: 10_000,
  requestMs: 30_000,
  silenceMs: 30_000,
  keepAliveMs: 5_000,
  connections: 500,
} as const;

@Module({})
class AuthorityAppModule {
  static forRoot(platform: PlatformOptions, options: AuthorityServerOptions): DynamicModule {
    return {
      module: AuthorityAppModule,
      imports: [PlatformModule.forRoot(platform), AuthorityServerModule.forRoot(options)],
    };
  }
}

/**
 * Starts the registration authority with its identity provider, a program of its own beside the store, and resolves when it listens.
 * @throws AuthorityMissingError, PortInUseError, CannotListenError, and what opening the database throws; nothing stays open then
 */
export async function startAuthority(input: AuthorityServerInput): Promise<RunningAuthority> {
  const { tls, questions, url, host, port } = input;
  const app = await withDatabase(input, (platform) =>
    NestFactory.create<NestExpressApplication>(
      AuthorityAppModule.forRoot(platform, { questions, url }),
      new ExpressAdapter(),
      {
        ...nestOptions(input),
        // Bodies are read where they are wanted, each with its own limit.
        bodyParser: false,
        // Node.js takes nothing below TLS 1.2 by itself.
        ...(tls === null ? {} : { httpsOptions: tls }),
      },
    ),
  );
  try {
    app.disable('x-powered-by');
    const { accountId } = await app.get(AuthorityService).identity();
    await app.init();
    const server: Server = app.getHttpServer();
    limit(server);
    await app.listen(port, host).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw new PortInUseError(host, port);
      throw new CannotListenError(`cannot listen on ${host} port ${port}: ${messageOf(error)}`, { host, port });
    });
    const bound = server.address() as AddressInfo;
    return {
      url: url ?? `${tls === null ? 'http' : 'https'}://${hostOf(bound.address)}:${bound.port}`,
      port: bound.port,
      accountId,
      close: () => app.close(),
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** As it stands in a URL; where it listens on every address, the machine's name is the one that others may know it by. */
function hostOf(address: string): string {
  if (address === '::' || address === '0.0.0.0') return hostname();
  return address.includes(':') ? `[${address}]` : address;
}

function limit(server: Server): void {
  server.headersTimeout = LIMITS.headersMs;
  server.requestTimeout = LIMITS.requestMs;
  server.keepAliveTimeout = LIMITS.keepAliveMs;
  server.timeout = LIMITS.silenceMs;
  server.maxConnections = LIMITS.connections;
}
