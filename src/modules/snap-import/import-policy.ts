import { Injectable } from '@nestjs/common';

/** What an import is about to bring in; its assertions have been verified. Where they came first, no snap has been read yet. */
export interface ImportProposal {
  readonly file: string;
  /** The key-id of a known signer; null for what nobody signed. */
  readonly signer: string | null;
  readonly snaps: readonly {
    readonly name: string;
    readonly snapId: string;
    readonly publisherId: string;
    readonly revision: number;
  }[];
}

/** What may enter the store. */
export abstract class ImportPolicy {
  /** @throws StoreError naming what may not enter, and by which rule */
  abstract check(proposal: ImportProposal): Promise<void>;
}

/** For as long as no rule has been set. */
@Injectable()
export class EverythingMayEnter extends ImportPolicy {
  check(): Promise<void> {
    return Promise.resolve();
  }
}
