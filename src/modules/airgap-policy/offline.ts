/** The module's second face, for commands that do without Nest and TypeORM. */
export { AirgapMode } from './mode/airgap-mode.js';
export { newestDecision } from './mode/newest-decision.js';
