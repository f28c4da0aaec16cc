import type { Settings } from '../../platform/config/settings.js';
import { hasDatabase } from '../../platform/database/presence.js';
import { describeError, type ReportedError } from '../errors.js';
import { probeServer } from '../probe.js';
import { runningServers, type RunningServerRecord } from '../../platform/process/running-servers.js';
import type { Session } from '../session.js';

export interface StoreStatus {
  readonly storeUrl: string;
  readonly storeDb: { readonly state: 'ok' | 'not configured' | 'error'; readonly reason: string | null };
  readonly isAirGapped: boolean;
  /** Null: not registered. */
  readonly storeId: string | null;
  /** Null where the database cannot tell. */
  readonly holdings: { readonly snaps: number; readonly revisions: number; readonly sizeBytes: number } | null;
  /** `running`, `off`, or `not running`, with a reason in parentheses where there is one. */
  readonly services: Readonly<Record<string, string>>;
}

const WATCH = 'proxy.import.watch';

/** What this store is and how it is, as far as it can be told from this machine. @returns also why the database is not well */
export async function readStatus(session: Session): Promise<{ status: StoreStatus; problem: ReportedError | null }> {
  await session.becomeOwner();
  const servers = await runningServers(session.dataDir);
  const store = await readStore(session);
  const catalog = await catalogService(servers);
  return {
    status: {
      storeUrl: storeUrl(store.settings, servers),
      storeDb: store.database,
      isAirGapped: false,
      storeId: null,
      holdings: store.holdings,
      services: {
        catalog,
        database: databaseService(store.database),
        'import-watch': store.settings.get(WATCH) === null ? `off (${WATCH} is not set)` : catalog,
      },
    },
    problem: store.problem,
  };
}

interface StoreView {
  readonly settings: Settings;
  readonly database: StoreStatus['storeDb'];
  readonly holdings: StoreStatus['holdings'];
  readonly problem: ReportedError | null;
}

async function readStore(session: Session): Promise<StoreView> {
  const settings = await session.bootstrapSettings();
  if (!(await hasDatabase(session.dataDir, settings.get('proxy.db.connection')))) {
    const reason = 'the first "serve" makes the embedded one; proxy.db.connection uses another';
    return { settings, database: { state: 'not configured', reason }, holdings: NOTHING, problem: null };
  }
  try {
    return await session.withStore(async (store) => {
      const [{ ListingService }, { Settings }] = await Promise.all([
        import('../../modules/catalog/index.js'),
        import('../../platform/config/settings.js'),
      ]);
      const holdings = await store.get(ListingService).holdings();
      return { settings: store.get(Settings), database: { state: 'ok', reason: null }, holdings, problem: null };
    });
  } catch (error) {
    const problem = describeError(error);
    return { settings, database: { state: 'error', reason: problem.message }, holdings: null, problem };
  }
}

const NOTHING = { snaps: 0, revisions: 0, sizeBytes: 0 };

/** As devices are given it; while there is neither URL nor domain, an address of this machine. */
function storeUrl(settings: Settings, servers: readonly RunningServerRecord[]): string {
  const publicUrl = settings.get('proxy.public-url');
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, '');
  const [server] = servers;
  const domain = settings.get('proxy.domain');
  if (domain === null && server?.urls[0] !== undefined) return server.urls[0];
  const port = server?.address.port ?? Number(settings.get('proxy.port.http'));
  const host = domain === null || !/^[^[].*:/.test(domain) ? (domain ?? 'localhost') : `[${domain}]`;
  return `http://${host}${port === 80 ? '' : `:${port}`}`;
}

async function catalogService(servers: readonly RunningServerRecord[]): Promise<string> {
  const [server] = servers;
  if (server === undefined) return 'not running';
  const complaint = await probeServer(server.address);
  return complaint === null ? 'running' : `not running (${complaint})`;
}

function databaseService({ state, reason }: StoreStatus['storeDb']): string {
  return state === 'ok' ? 'running' : `not running (${state === 'error' ? (reason ?? state) : state})`;
}
