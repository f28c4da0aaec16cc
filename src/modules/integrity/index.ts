export { IntegrityModule } from './integrity.module.js';
export { SnapRemover, type RemovalReport } from './snap-remover.js';
export { StoreFacts } from './store-facts.js';
export { StoreVerifier, type IntegrityReport, type VerifyProgress, type VerifyStoreOptions } from './store-verifier.js';
export type { RevisionProblem } from './held-against-assertions.js';
