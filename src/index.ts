/** The store as a library: a server to start, or a module to import into a Nest application. */
export { StoreError, type ErrorDetails } from './kernel/store-error.js';
export { loadBootstrapSettings, type SettingsInput } from './platform/config/load-settings.js';
export { Settings } from './platform/config/settings.js';
export { FastLaneAdapter, type ServerLimits } from './platform/http/fast-lane-adapter.js';
export { type Logger, LoggerFactory } from './platform/logging/logger.js';
export { CatalogModule, ListingService, ReleaseService, RemovalService } from './modules/catalog/index.js';
export { ImportService, type ImportReport, SnapImportModule } from './modules/snap-import/index.js';
export { type RunningServer, type ServerInput, startServer } from './server.js';
export { SnapStoreModule, type SnapStoreOptions } from './snap-store.module.js';
