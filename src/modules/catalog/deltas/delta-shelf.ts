/** A delta as far as devices are told of it. */
export interface ListedDelta {
  readonly sourceRevision: number;
  readonly targetRevision: number;
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
}

/** The deltas between revisions of one snap. */
export class DeltaShelf {
  private readonly byRevisions = new Map<string, ListedDelta>();

  constructor(deltas: readonly ListedDelta[]) {
    for (const delta of deltas) this.byRevisions.set(keyOf(delta.sourceRevision, delta.targetRevision), delta);
  }

  find(sourceRevision: number, targetRevision: number): ListedDelta | null {
    return this.byRevisions.get(keyOf(sourceRevision, targetRevision)) ?? null;
  }

  get size(): number {
    return this.byRevisions.size;
  }
}

function keyOf(sourceRevision: number, targetRevision: number): string {
  return `${sourceRevision} ${targetRevision}`;
}
