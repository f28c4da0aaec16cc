import { StoreError } from '../../../kernel/store-error.js';

export class InvalidCategoryError extends StoreError {
  readonly code = 'invalid-category';

  constructor(what: string, why: string) {
    super(`"${what.slice(0, 60)}" ${why}`, { category: what.slice(0, 60) });
  }
}

export class TooManyFeaturedError extends StoreError {
  readonly code = 'too-many-featured';

  constructor(count: number, max: number) {
    super(`${count} featured snaps are too many: at most ${max}`, { count, max });
  }
}
