import type { ComponentPins } from './validation-rules.js';

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
  private readonly pairs = new Set<string>();

  constructor(components: readonly ListedComponent[], pairings: readonly ComponentPairing[]) {
    for (const component of components) this.byNumber.set(keyOf(component.name, component.revision), component);
    for (const { snapRevision, name, componentRevision } of pairings) {
      const component = this.find(name, componentRevision);
      if (component === null) continue;
      this.pairs.add(`${snapRevision} ${keyOf(name, componentRevision)}`);
      const others = (this.bySnapRevision.get(snapRevision) ?? []).filter((other) => other.name !== name);
      const rival = this.bySnapRevision.get(snapRevision)?.find((other) => other.name === name);
      const chosen = rival !== undefined && rival.revision > componentRevision ? rival : component;
      this.bySnapRevision.set(snapRevision, [...others, chosen].sort(byName));
    }
  }

  find(name: string, revision: number): ListedComponent | null {
    return this.byNumber.get(keyOf(name, revision)) ?? null;
  }

  /**
   * What goes with a revision of the snap, by name: of several revisions of a component the highest, whichever came last, or the one
   * that is pinned.
   */
  of(snapRevision: number, pins: ComponentPins | null = null): readonly ListedComponent[] {
    const highest = this.bySnapRevision.get(snapRevision) ?? [];
    if (pins === null) return highest;
    return highest.flatMap((component) => {
      const pin = pins.get(component.name);
      if (pin === undefined) return [component];
      const isPaired = pin !== null && this.pairs.has(`${snapRevision} ${keyOf(component.name, pin)}`);
      return (isPaired ? this.find(component.name, pin) : null) ?? [];
    });
  }

  /** Component revisions and pairs, to reckon what it takes to remember them. */
  get size(): number {
    return this.pairs.size + this.byNumber.size;
  }
}

function keyOf(name: string, revision: number): string {
  return `${name}_${revision}`;
}

function byName(one: ListedComponent, other: ListedComponent): number {
  return one.name < other.name ? -1 : 1;
}
