/** A component revision as far as devices are told of it. */
export interface ListedComponent {
  readonly name: string;
  readonly revision: number;
  /** `standard`, `kernel-modules`, … */
  readonly type: string;
  /** Null where it has the version of the snap that it goes with. */
  readonly version: string | null;
  readonly description: string;
  /** Lowercase hex. */
  readonly sha3_384: string;
  readonly sizeBytes: number;
  readonly createdAt: Date;
}

/** A component revision that goes with a revision of its snap. */
export interface ComponentPairing {
  readonly snapRevision: number;
  readonly name: string;
  readonly componentRevision: number;
}

/** The components of one snap. */
export class ComponentShelf {
  private readonly byNumber = new Map<string, ListedComponent>();
  private readonly bySnapRevision = new Map<number, ListedComponent[]>();

  constructor(components: readonly ListedComponent[], pairings: readonly ComponentPairing[]) {
    for (const component of components) this.byNumber.set(keyOf(component.name, component.revision), component);
    for (const { snapRevision, name, componentRevision } of pairings) {
      const component = this.find(name, componentRevision);
      if (component === null) continue;
      const others = (this.bySnapRevision.get(snapRevision) ?? []).filter((other) => other.name !== name);
      const rival = this.bySnapRevision.get(snapRevision)?.find((other) => other.name === name);
      const chosen = rival !== undefined && rival.revision > componentRevision ? rival : component;
      this.bySnapRevision.set(snapRevision, [...others, chosen].sort(byName));
    }
  }

  find(name: string, revision: number): ListedComponent | null {
    return this.byNumber.get(keyOf(name, revision)) ?? null;
  }

  /** What goes with a revision of the snap, by name: of several revisions of a component the highest, whichever came last. */
  of(snapRevision: number): readonly ListedComponent[] {
    return this.bySnapRevision.get(snapRevision) ?? [];
  }

  /** Component revisions and pairs, to reckon what it takes to remember them. */
  get size(): number {
    return [...this.bySnapRevision.values()].reduce((sum, { length }) => sum + length, this.byNumber.size);
  }
}

function keyOf(name: string, revision: number): string {
  return `${name}_${revision}`;
}

function byName(one: ListedComponent, other: ListedComponent): number {
  return one.name < other.name ? -1 : 1;
}
