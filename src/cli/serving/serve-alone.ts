import { startServer, type RunningServer } from '../../server.js';
import type { Session } from '../session.js';
import { recordServer } from '../running-servers.js';
import { announce, type Announcement } from './announcement.js';

export interface ServingOptions {
  readonly port?: number;
  readonly host?: string;
}

/** Serves in this process until the session's signal says stop. */
export async function serveAlone(session: Session, options: ServingOptions): Promise<void> {
  await session.becomeOwner();
  await serveUntil(session, { ...options, background: true }, session.signal, async (server) => {
    const announcement = await describe(session, server);
    const forget = await recordServer(session.dataDir, announcement);
    announce(session.out, announcement);
    return forget;
  });
  session.out.text('Stopped.');
}

/**
 * @param ready told when the server listens; what it returns is called when it is about to close
 */
export async function serveUntil(
  session: Session,
  options: ServingOptions & { readonly background: boolean },
  signal: AbortSignal,
  ready: (server: RunningServer) => Promise<() => Promise<void>>,
): Promise<void> {
  const server = await startServer({
    dataDir: session.dataDir,
    settings: await session.bootstrapSettings(),
    loggers: await session.loggers('info'),
    ...options,
  });
  let leave: (() => Promise<void>) | null = null;
  try {
    leave = await ready(server);
    await aborted(signal);
  } finally {
    await leave?.();
    await server.close();
  }
}

export async function describe(session: Session, server: RunningServer): Promise<Announcement> {
  return { urls: server.urls, address: server.address, dataDir: session.dataDir, holdings: await server.holdings() };
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
