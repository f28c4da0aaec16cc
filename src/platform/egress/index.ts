export type { Destination } from './destinations.js';
export { installedGuard } from './installed-guard.js';
export { readModeFile, writeModeFile } from './mode-file.js';
export { readRefusals, type Refusal, type RefusalSummary } from './refusals.js';
