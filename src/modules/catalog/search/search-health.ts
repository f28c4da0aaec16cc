import { Injectable } from '@nestjs/common';

import { SearchRepository } from './search.repository.js';
import { TrigramsRepository } from './trigrams.repository.js';

export interface SearchState {
  /** Whether what is typed wrongly is found. */
  readonly forgivesTyping: boolean;
  /** Whether every held snap is found. */
  readonly isComplete: boolean;
}

/** What `doctor` says of the search. */
@Injectable()
export class SearchHealth {
  constructor(
    private readonly rows: SearchRepository,
    private readonly trigrams: TrigramsRepository,
  ) {}

  async state(): Promise<SearchState> {
    const [schema, outdated] = await Promise.all([this.trigrams.schema(), this.rows.outdated(1)]);
    return { forgivesTyping: schema !== null, isComplete: outdated.length === 0 };
  }
}
