export { BrandKeyService, type KeyPlace } from './brand-key.service.js';
export type { KeyProgress } from './key-pair.js';
export { type GenerateOptions, type ImportKeyOptions, type KeyInfo, type KeyOwner, KeyService } from './key.service.js';
export * from './keys.errors.js';
export { KeysModule } from './keys.module.js';
export { SigningService } from './signing.service.js';
export { KEY_ROLES, type KeyAlgorithm, type KeyRole, type KeyState, StoreKey } from './store-key.entity.js';
export { Pkcs11Token } from './token/pkcs11-token.js';
