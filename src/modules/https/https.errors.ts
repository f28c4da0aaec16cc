import { StoreError } from '../../kernel/store-error.js';

/** Something is made for the name by which devices reach the store, and nobody has said which that is. */
export class DomainNotSetError extends StoreError {
  readonly code = 'domain-not-set';

  constructor() {
    super('proxy.domain is not set: it is the name or the address by which devices reach this store');
  }
}
