export type { KeyProgress } from './key-pair.js';
export { type GenerateOptions, type ImportKeyOptions, type KeyInfo, KeyService } from './key.service.js';
export * from './keys.errors.js';
export { KeysModule } from './keys.module.js';
export { SigningService } from './signing.service.js';
export { KEY_ROLES, type KeyAlgorithm, type KeyRole, type KeyState, StoreKey } from './store-key.entity.js';
