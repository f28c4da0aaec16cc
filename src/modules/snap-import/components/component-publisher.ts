import { Injectable } from '@nestjs/common';

import { snapPath, type BundleSnap } from '../../../formats/bundle/index.js';
import { ComponentWriter, type SignedPair } from '../../catalog/index.js';
import type { ReceivedBlob } from '../../blobs/index.js';
import type { ImportedComponent } from '../import-report.js';
import { ComponentRefusedError } from '../import.errors.js';
import type { ComponentClaim } from './component-evidence.js';
import type { ComponentInspection } from './component-inspection.js';

/** A component whose every byte was read and found to be what its assertions say. */
export interface VerifiedComponent {
  readonly claim: ComponentClaim;
  readonly inspection: ComponentInspection;
  readonly blob: ReceivedBlob;
}

/** What an import brings of the components of one snap. */
export interface SnapComponents {
  readonly file: string;
  readonly snapId: string;
  /** What the manifest says of the snap; null where there is none. */
  readonly declared: BundleSnap | null;
  readonly carried: readonly VerifiedComponent[];
  readonly pairs: readonly SignedPair[];
}

export interface PublishedComponents {
  readonly components: readonly ImportedComponent[];
  readonly notes: readonly string[];
}

/** Makes verified components visible, as part of the transaction that makes their snap so. */
@Injectable()
export class ComponentPublisher {
  constructor(private readonly catalog: ComponentWriter) {}

  /**
   * The snap and its revisions are known by now.
   * @throws ComponentConflictError, ComponentUndeclaredError; ComponentRefusedError where what the manifest puts together does
   *   not go together
   */
  async apply({ file, snapId, declared, carried, pairs }: SnapComponents): Promise<PublishedComponents> {
    const components: ImportedComponent[] = [];
    for (const component of carried) {
      const outcome = await this.catalog.add(newComponent(component));
      components.push(imported(component, outcome));
    }
    const isAskedFor = pairs.length > 0 || carried.length > 0 || (declared?.revisions ?? []).some(hasComponents);
    if (!isAskedFor) return { components, notes: [] };
    const together = await this.catalog.pair(snapId, pairs);
    const held = new Set(together.map((pair) => keyOf(pair.snapRevision, pair.name, pair.componentRevision)));
    for (const revision of declared?.revisions ?? []) {
      for (const { name, revision: componentRevision } of revision.components) {
        if (held.has(keyOf(revision.revision, name, componentRevision))) continue;
        const why = `revision ${componentRevision} of the component ${name} has another provenance than the snap`;
        throw new ComponentRefusedError({ file, member: snapPath(snapId, revision.revision) }, why);
      }
    }
    const inUse = new Set(together.map(({ name, componentRevision }) => `${name} ${componentRevision}`));
    const notes = carried
      .filter(({ claim }) => !inUse.has(`${claim.name} ${claim.revision}`))
      .map(
        ({ claim }) =>
          `revision ${claim.revision} of ${claim.snapName}+${claim.name} goes with no revision that is held`,
      );
    return { components, notes };
  }
}

/** As the manifest describes what is held already. */
export function heldComponents(snaps: readonly BundleSnap[]): ImportedComponent[] {
  return snaps.flatMap(({ name, snapId, components }) =>
    components.map(({ name: component, revision, type, version, size, digest }) => {
      const facts = { revision, type, version, sizeBytes: size, sha3_384: digest.hex };
      return { name, snapId, component, ...facts, outcome: 'unchanged' as const };
    }),
  );
}

function hasComponents({ components }: BundleSnap['revisions'][number]): boolean {
  return components.length > 0;
}

function newComponent({ claim, inspection }: VerifiedComponent): Parameters<ComponentWriter['add']>[0] {
  const { snapId, name, revision, digest, sizeBytes, type, developerId, provenance, createdAt } = claim;
  const { version, description } = inspection;
  const facts = { sha3_384: digest.hex, sizeBytes, type, version, description };
  return { snapId, name, revision, ...facts, provenance, developerId, createdAt };
}

function imported({ claim, inspection }: VerifiedComponent, outcome: ImportedComponent['outcome']): ImportedComponent {
  const { snapName: name, snapId, name: component, revision, type, sizeBytes, digest } = claim;
  const { version } = inspection;
  return { name, snapId, component, revision, type, version, sizeBytes, sha3_384: digest.hex, outcome };
}

function keyOf(snapRevision: number, name: string, componentRevision: number): string {
  return `${snapRevision} ${name} ${componentRevision}`;
}
