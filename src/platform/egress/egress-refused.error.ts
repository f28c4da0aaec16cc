import { StoreError } from '../../kernel/store-error.js';

/** What a process of an air-gapped store may not do: reach beyond the closed network, or ask who is there. */
export class EgressRefusedError extends StoreError {
  readonly code = 'egress-refused';

  constructor(what: string, destination: string) {
    super(`${what} ${destination} is refused: the store is in air-gapped mode`, { destination });
  }
}
