export * from './validation-sets.errors.js';
export { ValidationSetsModule } from './validation-sets.module.js';
export { type CheckedSet, type Demand, type NamedSet, ValidationSetService } from './validation-set.service.js';
