// First of all: what is loaded after it cannot get around the guard.
import './platform/egress/install.js';
import './platform/process/runtime.js';

import { environmentVariable } from './platform/config/environment.js';
import { resolveDataDir } from './platform/config/data-dir.js';
import { loadBootstrapSettings } from './platform/config/load-settings.js';
import { LoggerFactory } from './platform/logging/logger.js';
import { messageOf, StoreError } from './kernel/store-error.js';
import { tuneForServing } from './platform/process/engine.js';
import { onStopSignal } from './platform/process/stop-signals.js';
import { startServer } from './server.js';

/** The server alone, for whoever supervises processes: settings from DATA and the environment, the log on stderr. */
async function main(): Promise<void> {
  tuneForServing();
  const loggers = LoggerFactory.toStandardError(environmentVariable('SNAP_STORE_PROXY_LOG') ?? 'info');
  const log = loggers.named('main');
  const stop = new Promise<unknown>((resolve) => onStopSignal(resolve));
  try {
    const dataDir = resolveDataDir(null);
    const settings = await loadBootstrapSettings({ dataDir, configFile: null, flags: new Map() });
    const server = await startServer({ dataDir, settings, loggers, metrics: true });
    log.info({ urls: server.urls }, 'listening');
    await stop;
    await server.close();
    log.info('stopped');
  } catch (error) {
    log.error({ code: error instanceof StoreError ? error.code : 'internal-error' }, messageOf(error));
    process.exitCode = 1;
  }
}

await main();
