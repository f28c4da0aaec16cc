import type { Assertion } from '../../../formats/assertion/index.js';
import { type BundleReason, type BundleRelease, NOTHING_ASSUMED } from '../../../formats/bundle/index.js';
import type { StoreComponent } from '../../upstream/index.js';
import { type Closure, type Edge, type Choice, type Root } from './closure.js';
import type { PlannedBundle, PlannedRevision, PlannedSnap } from './fetch-plan.js';
import type { Packing } from './fetch-request.js';
import { ReleaseConflictError } from './plan.errors.js';

/** Of a bundle's reasons for one snap: half of what a reader takes. */
const MAX_REASONS = 500;
const NAME_OF_MANY = 'snaps';

/**
 * Says which file carries what. Shared: each thing that was named has a file, and what several need lies in the first one's; a snap
 * that was named lies in its own. All that comes along of a snap lies in one file, so that its channel map is whole.
 * @throws ReleaseConflictError where a channel would have two revisions
 */
export function packClosure(closure: Closure, packing: Packing): PlannedBundle[] {
  checkReleases(closure.choices);
  const paths = new Paths(closure);
  const [first] = closure.roots;
  if (packing === 'single' && first !== undefined) {
    const name = closure.roots.length === 1 ? first.name : NAME_OF_MANY;
    const assertions = closure.roots.flatMap((root) => root.assertions);
    return [bundleOf(name, assertions, closure.choices, closure.edges)];
  }
  const names = fileNames(closure.roots);
  return closure.roots.map((root, index) => {
    const choices = packing === 'shared' ? paths.ownedBy(root) : paths.reachedFrom(root);
    const edges = packing === 'shared' ? closure.edges : paths.edgesFrom(root);
    return bundleOf(names[index] ?? root.name, root.assertions, choices, edges);
  });
}

class Paths {
  private readonly from = new Map<Root | Choice, Edge[]>();
  private readonly reached = new Map<Root, readonly Choice[]>();
  private readonly owners = new Map<string, Root>();

  constructor(private readonly closure: Closure) {
    for (const edge of closure.edges) this.from.set(edge.from, [...(this.from.get(edge.from) ?? []), edge]);
    const named = closure.roots.filter(({ isPackage }) => isPackage);
    for (const root of named) for (const { to } of this.from.get(root) ?? []) this.own(root, to);
    for (const root of closure.roots) for (const choice of this.reachedFrom(root)) this.own(root, choice);
  }

  reachedFrom(root: Root): readonly Choice[] {
    const before = this.reached.get(root);
    if (before !== undefined) return before;
    const reached = new Set<Choice>();
    const open: (Root | Choice)[] = [root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const { to } of this.from.get(node) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        open.push(to);
      }
    }
    const choices = [...reached];
    this.reached.set(root, choices);
    return choices;
  }

  ownedBy(root: Root): readonly Choice[] {
    return this.closure.choices.filter(({ snapId }) => this.owners.get(snapId) === root);
  }

  edgesFrom(root: Root): readonly Edge[] {
    const nodes = new Set<Root | Choice>([root, ...this.reachedFrom(root)]);
    return this.closure.edges.filter(({ from }) => nodes.has(from));
  }

  private own(root: Root, { snapId }: Choice): void {
    if (!this.owners.has(snapId)) this.owners.set(snapId, root);
  }
}

/** Two things may have one name: a model and a snap. */
function fileNames(roots: readonly Root[]): string[] {
  const taken = new Set<string>();
  return roots.map(({ name }) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
    taken.add(free);
    return free;
  });
}

function bundleOf(
  name: string,
  assertions: readonly Assertion[],
  choices: readonly Choice[],
  edges: readonly Edge[],
): PlannedBundle {
  const reasons = new Map<string, BundleReason[]>();
  for (const { to, reason } of edges) reasons.set(to.snapId, [...(reasons.get(to.snapId) ?? []), reason]);
  return {
    name,
    snaps: bySnap(choices)
      .map((own) => snapOf(own, reasons.get(own[0].snapId) ?? []))
      .sort(by(({ snapId }) => snapId)),
    assertions: [...new Map(assertions.map((assertion) => [assertion.ref.id, assertion])).values()],
    assumes: NOTHING_ASSUMED,
  };
}

function bySnap(choices: readonly Choice[]): [Choice, ...Choice[]][] {
  const groups = new Map<string, [Choice, ...Choice[]]>();
  for (const choice of choices) {
    const group = groups.get(choice.snapId);
    if (group === undefined) groups.set(choice.snapId, [choice]);
    else group.push(choice);
  }
  return [...groups.values()];
}

function snapOf(choices: readonly [Choice, ...Choice[]], reasons: readonly BundleReason[]): PlannedSnap {
  const [{ snapId, name, info, details }] = choices;
  return {
    snapId,
    name,
    defaultTrack: info?.defaultTrack ?? null,
    reasons: distinctReasons(reasons),
    channelMap: channelMapOf(choices),
    details,
    revisions: revisionsOf(choices),
  };
}

function distinctReasons(reasons: readonly BundleReason[]): BundleReason[] {
  const distinct = new Map(reasons.map((reason) => [`${reason.kind} ${reason.of ?? ''}`, reason]));
  const requestedFirst = ({ kind, of }: BundleReason): string => `${kind === 'requested' ? 0 : 1} ${of ?? ''} ${kind}`;
  return [...distinct.values()].sort(by(requestedFirst)).slice(0, MAX_REASONS);
}

function revisionsOf(choices: readonly Choice[]): PlannedRevision[] {
  const revisions = new Map<number, { store: PlannedRevision['store']; components: Map<string, StoreComponent> }>();
  for (const { revision: store, components } of choices) {
    const planned = revisions.get(store.revision) ?? { store, components: new Map<string, StoreComponent>() };
    for (const component of components) planned.components.set(component.name, component);
    revisions.set(store.revision, planned);
  }
  return [...revisions.values()]
    .sort((one, other) => one.store.revision - other.store.revision)
    .map(({ store, components }) => ({
      store,
      components: [...components.values()]
        .sort(by(({ name }) => name))
        .map((component) => ({ store: component, isAssumed: false })),
    }));
}

/** What is to be released, and where else the store has what comes along. */
function channelMapOf(choices: readonly [Choice, ...Choice[]]): BundleRelease[] {
  const releases = new Map<string, BundleRelease>();
  const keyOf = ({ architecture, channel }: Omit<BundleRelease, 'revision' | 'releasedAt' | 'requested'>): string =>
    `${architecture} ${channel.toString()}`;
  for (const { architecture, revision, releases: own } of choices) {
    for (const { channel, releasedAt } of own.values()) {
      const release = { architecture, channel, revision: revision.revision, releasedAt, requested: true };
      releases.set(keyOf(release), release);
    }
  }
  const carried = new Set(choices.map(({ revision }) => revision.revision));
  const devices = new Set(choices.map(({ architecture }) => architecture));
  for (const { architecture, channel, releasedAt, revision } of choices[0].info?.channelMap ?? []) {
    if (!devices.has(architecture) || !carried.has(revision.revision)) continue;
    const release = { architecture, channel, revision: revision.revision, releasedAt, requested: false };
    if (!releases.has(keyOf(release))) releases.set(keyOf(release), release);
  }
  return [...releases.values()].sort(by(keyOf));
}

function checkReleases(choices: readonly Choice[]): void {
  const taken = new Map<string, Choice>();
  for (const choice of choices) {
    for (const channel of choice.releases.keys()) {
      const key = `${choice.snapId} ${choice.architecture} ${channel}`;
      const other = taken.get(key) ?? choice;
      if (other !== choice)
        throw new ReleaseConflictError(choice, channel, [other.revision.revision, choice.revision.revision]);
      taken.set(key, choice);
    }
  }
}

function by<T>(key: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => {
    const [first, second] = [key(one), key(other)];
    return first < second ? -1 : first > second ? 1 : 0;
  };
}
