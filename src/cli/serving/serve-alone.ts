import { startServer, type RunningServer } from '../../server.js';
import { tuneForServing } from '../../platform/process/engine.js';
import type { Session } from '../session.js';
import { announce, type Announcement } from './announcement.js';

export interface ServingOptions {
  readonly port?: number;
  readonly host?: string;
}

/** Serves in this process until the session's signal says stop. */
export async function serveAlone(session: Session, options: ServingOptions): Promise<void> {
  await session.becomeOwner();
  await serveUntil(session, { ...options, background: true }, session.signal, async (server) => {
    announce(session.out, await describe(session, server));
  });
  session.out.text('Stopped.');
}

/** @param ready told when the server listens */
export async function serveUntil(
  session: Session,
  options: ServingOptions & { readonly background: boolean },
  signal: AbortSignal,
  ready: (server: RunningServer) => Promise<void>,
): Promise<void> {
  tuneForServing();
  const server = await startServer({
    dataDir: session.dataDir,
    settings: await session.bootstrapSettings(),
    loggers: await session.loggers('info'),
    metrics: true,
    ...options,
  });
  try {
    await ready(server);
    await aborted(signal);
  } finally {
    await server.close();
  }
}

export async function describe(session: Session, server: RunningServer): Promise<Announcement> {
  const { urls, address, secureAddress } = server;
  return { urls, address, secureAddress, dataDir: session.dataDir, holdings: await server.holdings() };
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
