export * from './catalog.errors.js';
export { CatalogModule } from './catalog.module.js';
export { CATALOG_TOPIC, CatalogWriter, type SnapFacts } from './catalog-writer.js';
export type { ChannelMove } from './channel-move.js';
export type { ReleaseOptions, ReleaseRequest } from './release-plan.js';
export type { NewRevision } from './repositories/revision.repository.js';
export type { SnapMedia, SnapMetadata } from './snap-metadata.js';
