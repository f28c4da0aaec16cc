import { Injectable } from '@nestjs/common';

import { parseSnapYaml } from '../../formats/snap-yaml/index.js';
import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ComponentConflictError, ComponentUndeclaredError, SnapNotHeldError } from './catalog.errors.js';
import { CATALOG_TOPIC } from './catalog-writer.js';
import type { ComponentRevision } from './entities/component-revision.entity.js';
import { ComponentRepository, type NewComponent, type Pair } from './repositories/component.repository.js';
import { RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';

/** What a snap-resource-pair assertion says. */
export interface SignedPair extends Pair {
  readonly provenance: string;
}

/** Brings components into the catalog. As with `CatalogWriter`, each call joins the surrounding transaction. */
@Injectable()
export class ComponentWriter {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly components: ComponentRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /** The digest (hex) of the file under this revision; null where it is not held. */
  async heldDigest(snapId: string, name: string, revision: number): Promise<string | null> {
    return (await this.components.find(snapId, name, revision))?.sha3_384 ?? null;
  }

  /**
   * Adds a component revision of a snap that `CatalogWriter.ensureSnap` has made known. Its blob is held already.
   * @throws SnapNotHeldError, ComponentConflictError where the revision is held with another digest
   */
  add(component: NewComponent): Promise<'added' | 'unchanged'> {
    return this.transaction.run(async () => {
      const { snapId, name, revision, sha3_384 } = component;
      const snap = await this.snaps.lock(snapId);
      if (snap === null) throw new SnapNotHeldError(snapId);
      const held = await this.components.find(snapId, name, revision);
      if (held !== null) {
        if (held.sha3_384 !== sha3_384) throw new ComponentConflictError(`${snap.name}+${name}`, revision);
        return 'unchanged';
      }
      await this.components.add(component);
      if (!snap.hasComponents) await this.snaps.change(snapId, { hasComponents: true });
      await this.changes.announce(CATALOG_TOPIC, [snapId]);
      return 'added';
    });
  }

  /**
   * Remembers which of its held revisions a held component revision goes with; what is signed for others is passed over, as is
   * what is signed under another provenance, for which a device would not ask.
   * @returns those that go together and are held, whether they were known before or not
   * @throws ComponentUndeclaredError where a device would refuse the component
   */
  pair(snapId: string, signed: readonly SignedPair[]): Promise<readonly Pair[]> {
    return this.transaction.run(async () => {
      const snap = await this.snaps.lock(snapId);
      if (snap === null) return [];
      const components = new Map((await this.components.of(snapId)).map((one) => [keyOf(one.name, one.revision), one]));
      const known = new Map((await this.components.pairsOf(snapId)).map((pair) => [pairKey(pair), pair]));
      const declared = new Map<number, Declared | null>();
      const added: Pair[] = [];
      for (const { snapRevision, name, componentRevision, provenance } of signed) {
        const pair = { snapRevision, name, componentRevision };
        const component = components.get(keyOf(name, componentRevision));
        if (component?.provenance !== provenance || known.has(pairKey(pair))) continue;
        let snapSide = declared.get(snapRevision);
        if (snapSide === undefined) declared.set(snapRevision, (snapSide = await this.declared(snapId, snapRevision)));
        if (snapSide?.provenance !== provenance) continue;
        checkDeclared(snap.name, snapRevision, component, snapSide);
        await this.components.addPair(snapId, pair);
        known.set(pairKey(pair), { snapId, ...pair, addedAt: new Date(0) });
        added.push(pair);
      }
      if (added.length > 0) await this.changes.announce(CATALOG_TOPIC, [snapId]);
      return [...known.values()];
    });
  }

  private async declared(snapId: string, revision: number): Promise<Declared | null> {
    const held = await this.revisions.find(snapId, revision);
    if (held === null) return null;
    const { components } = parseSnapYaml(Buffer.from(held.snapYaml));
    return { provenance: held.provenance, types: new Map(components.map(({ name, type }) => [name, type])) };
  }
}

interface Declared {
  readonly provenance: string;
  /** By component name, as snap.yaml says. */
  readonly types: ReadonlyMap<string, string>;
}

/** snapd takes a component only under the name and type that snap.yaml has (store: componentSetupFromResource). */
function checkDeclared(
  snapName: string,
  snapRevision: number,
  component: ComponentRevision,
  { types }: Declared,
): void {
  const { name, revision, type } = component;
  const declared = types.get(name);
  if (declared === type) return;
  const why = declared === undefined ? 'has no component of that name' : `declares it as "${declared}", not "${type}"`;
  throw new ComponentUndeclaredError(`${snapName}+${name}`, revision, `revision ${snapRevision} of ${snapName} ${why}`);
}

function keyOf(name: string, revision: number): string {
  return `${name}_${revision}`;
}

function pairKey({ snapRevision, name, componentRevision }: Pair): string {
  return `${snapRevision} ${keyOf(name, componentRevision)}`;
}
