import type { INestApplicationContext } from '@nestjs/common';

import type { StoreIdentity } from '../../modules/registration/index.js';
import type { Settings } from '../../platform/config/settings.js';
import { hasDatabase } from '../../platform/database/presence.js';
import { readModeFile, readRefusals, type RefusalSummary } from '../../platform/egress/index.js';
import { describeError, type ReportedError } from '../errors.js';
import { probeServer } from '../probe.js';
import { runningServers, type RunningServerRecord } from '../../platform/process/running-servers.js';
import type { Session } from '../session.js';
import { httpsService, readHttps, type HttpsFindings } from './https.js';

export interface StoreStatus {
  readonly storeUrl: string;
  readonly storeDb: { readonly state: 'ok' | 'not configured' | 'error'; readonly reason: string | null };
  readonly isAirGapped: boolean;
  readonly registration: 'none' | 'registered' | 'self-issued';
  /** Null where there is no store assertion. */
  readonly storeId: string | null;
  /** Null where the database cannot tell. */
  readonly holdings: { readonly snaps: number; readonly revisions: number; readonly sizeBytes: number } | null;
  /** `running`, `off`, or `not running`, with a reason in parentheses where there is one. */
  readonly services: Readonly<Record<string, string>>;
  /** What the processes of the store on this machine were kept from since air-gapped mode is on; null where it is not. */
  readonly policyViolations: RefusalSummary | null;
}

const WATCH = 'proxy.import.watch';

/** What this store is and how it is, as far as it can be told from this machine. @returns also why the database is not well */
export async function readStatus(session: Session): Promise<{ status: StoreStatus; problem: ReportedError | null }> {
  await session.becomeOwner();
  const servers = await runningServers(session.dataDir);
  const store = await readStore(session);
  const catalog = await catalogService(servers);
  const { isOn, since } = store.airgap;
  const policyViolations = isOn ? await readRefusals(session.dataDir, since) : null;
  return {
    status: {
      storeUrl: storeUrl(store, servers),
      storeDb: store.database,
      isAirGapped: isOn,
      registration: store.identity === null ? 'none' : store.identity.storeId === null ? 'self-issued' : 'registered',
      storeId: store.identity?.storeId ?? null,
      holdings: store.holdings,
      services: {
        catalog,
        database: databaseService(store.database),
        https: store.https === null ? 'unknown' : await httpsService(store.https, servers),
        'import-watch': store.settings.get(WATCH) === null ? `off (${WATCH} is not set)` : catalog,
        ...(policyViolations === null ? {} : { 'policy-violations': violations(policyViolations) }),
      },
      policyViolations,
    },
    problem: store.problem,
  };
}

interface StoreView {
  readonly settings: Settings;
  readonly database: StoreStatus['storeDb'];
  readonly holdings: StoreStatus['holdings'];
  readonly identity: Pick<StoreIdentity, 'storeId' | 'url'> | null;
  readonly airgap: { readonly isOn: boolean; readonly since: Date | null };
  /** Null where the database cannot tell. */
  readonly https: HttpsFindings | null;
  readonly problem: ReportedError | null;
}

async function readStore(session: Session): Promise<StoreView> {
  const settings = await session.bootstrapSettings();
  const airgap = readModeFile(session.dataDir);
  if (!(await hasDatabase(session.dataDir, settings.get('proxy.db.connection')))) {
    const reason = 'the first "serve" makes the embedded one; proxy.db.connection uses another';
    const https = { certificate: null, problems: [] };
    return {
      settings,
      database: { state: 'not configured', reason },
      holdings: NOTHING,
      identity: null,
      airgap,
      https,
      problem: null,
    };
  }
  try {
    return await session.withStore(readOpenStore);
  } catch (error) {
    const problem = describeError(error);
    const database = { state: 'error', reason: problem.message } as const;
    return { settings, database, holdings: null, identity: null, airgap, https: null, problem };
  }
}

async function readOpenStore(store: INestApplicationContext): Promise<StoreView> {
  const [{ AirgapMode }, { ListingService }, { StoreIdentityService }, { Settings }] = await Promise.all([
    import('../../modules/airgap-policy/index.js'),
    import('../../modules/catalog/index.js'),
    import('../../modules/registration/index.js'),
    import('../../platform/config/settings.js'),
  ]);
  const mode = store.get(AirgapMode);
  return {
    settings: store.get(Settings),
    database: { state: 'ok', reason: null },
    holdings: await store.get(ListingService).holdings(),
    identity: await store.get(StoreIdentityService).current(),
    airgap: { isOn: mode.isOn(), since: mode.since },
    https: await readHttps(store),
    problem: null,
  };
}

const NOTHING = { snaps: 0, revisions: 0, sizeBytes: 0 };

/** As devices are given it; while there is neither URL nor domain, an address of this machine. */
function storeUrl({ settings, identity, https }: StoreView, servers: readonly RunningServerRecord[]): string {
  const decided = identity?.url ?? settings.get('proxy.public-url');
  if (decided !== null) return decided.replace(/\/+$/, '');
  const [server] = servers;
  const domain = settings.get('proxy.domain');
  if (domain === null && server?.urls[0] !== undefined) return server.urls[0];
  const isSecure = https !== null && https.certificate !== null;
  const [scheme, usual] = isSecure ? ['https', 443] : ['http', 80];
  const address = isSecure ? server?.secureAddress : server?.address;
  const port = address?.port ?? Number(settings.get(`proxy.port.${scheme}`));
  const host = domain === null || !/^[^[].*:/.test(domain) ? (domain ?? 'localhost') : `[${domain}]`;
  return `${scheme}://${host}${port === usual ? '' : `:${port}`}`;
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

/** On one line, the last one with who wanted what. */
function violations({ count, last }: RefusalSummary): string {
  if (last === null) return 'none';
  const { at, kind, destination, caller } = last;
  return `${count} refused (the last at ${at.toISOString()}, ${kind} ${destination} by ${caller})`;
}
