import { StoreError } from '../../../kernel/store-error.js';

/** The store answers refresh and assertions only. Nothing is wrong with that; `resolve` says of a revision what there is to say. */
export class StoreInfoNotOfferedError extends StoreError {
  readonly code = 'store-info-not-offered';

  constructor(where: string) {
    super(`${where} is not there: this store does not describe snaps`, { url: where });
  }
}
