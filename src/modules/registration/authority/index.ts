export * from './authority.errors.js';
export { AuthorityModule, AuthorityServerModule, type AuthorityServerOptions } from './authority.module.js';
export { type AuthorityRoot, makeRoot, readRoot } from './authority-root.js';
export { type AuthorityIdentity, AuthorityService } from './authority.service.js';
export { AuthorityRepository } from './authority.repository.js';
export { otpauthUri } from './login/totp.js';
export { type NewOperator, type OperatorInfo, OperatorService } from './operator.service.js';
export type { RegisteredStore } from './entities/registered-store.entity.js';
