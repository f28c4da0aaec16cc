/**
 * What an import is about to bring in; its assertions have been verified. It is asked about as soon as they are, before any snap
 * is read where they come first, and again of each snap whose snap.yaml has been read.
 */
export interface ImportProposal {
  readonly file: string;
  /** The key-id of a known signer; null for what nobody signed. */
  readonly signer: string | null;
  readonly snaps: readonly ProposedSnap[];
}

export interface ProposedSnap {
  readonly name: string;
  readonly snapId: string;
  readonly publisherId: string;
  /** The user name of the publisher's account; null where it has none. */
  readonly publisherName: string | null;
  readonly revision: number;
  readonly sizeBytes: number;
  /** What its snap.yaml says; null while that has not been read. */
  readonly contents: {
    readonly confinement: string;
    /** Of its plugs and slots, each once. */
    readonly interfaces: readonly string[];
    readonly architectures: readonly string[];
  } | null;
}

/** What may enter the store. */
export abstract class ImportPolicy {
  /** @throws StoreError naming what may not enter, and by which rule */
  abstract check(proposal: ImportProposal): Promise<void>;

  /** Which rules that is, for the report; null where none are set. */
  abstract inForce(): Promise<{ readonly version: number } | null>;
}
