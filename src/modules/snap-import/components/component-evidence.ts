import type { Assertion } from '../../../formats/assertion/index.js';
import {
  componentPath,
  snapPath,
  type BundleComponent,
  type BundleManifest,
  type BundleSnap,
} from '../../../formats/bundle/index.js';
import type { Sha3_384 } from '../../../kernel/digest.js';
import type { SignedPair } from '../../catalog/index.js';
import type { CarriedAssertions } from '../carried-assertions.js';
import { ComponentRefusedError } from '../import.errors.js';
import type { SnapClaim, SnapEvidence } from '../snap-evidence.js';

/** What verified assertions say of one component file, and what the manifest says of it that they do not. */
export interface ComponentClaim extends Pick<SnapClaim, 'snapId' | 'publisherId' | 'publisherName'> {
  /** As the snap-declaration gives it. */
  readonly snapName: string;
  readonly name: string;
  /** As the manifest says; the component's own component.yaml has to say the same. */
  readonly type: string;
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly sizeBytes: number;
  readonly developerId: string;
  readonly provenance: string;
  readonly createdAt: Date;
}

const USUAL_PROVENANCE = 'global-upload';

/**
 * Holds components against verified assertions, as a device will (snapd: asserts/snapasserts/snapasserts.go, CrossCheckResource).
 * Whether a provenance is allowed to its authority is part of verifying the assertions.
 */
export class ComponentEvidence {
  private revisions: ReadonlyMap<string, readonly Assertion[]> | null = null;
  private pairs: ReadonlyMap<string, readonly SignedPair[]> | null = null;

  constructor(
    private readonly file: string,
    private readonly assertions: Pick<CarriedAssertions, 'find' | 'ofType'>,
    private readonly snaps: Pick<SnapEvidence, 'publishedSnap'>,
  ) {}

  /**
   * What every component of a manifest must turn out to be, by member, as far as that can be said before it is read.
   * @param snaps by member, what its snaps must turn out to be
   * @throws ComponentRefusedError, SnapRefusedError where it is certain already that one will not do
   */
  async claims(
    { snaps: declared }: BundleManifest,
    snaps: ReadonlyMap<string, SnapClaim>,
  ): Promise<ReadonlyMap<string, ComponentClaim>> {
    const claims = new Map<string, ComponentClaim>();
    for (const snap of declared) {
      for (const component of snap.components) {
        const member = componentPath(snap.snapId, component.name, component.revision);
        claims.set(member, await this.claim(member, snap, component));
      }
      await this.checkPairs(snap, snaps);
    }
    return claims;
  }

  /** The pairs of a snap that came with the import and hold. */
  pairsOf(snapId: string): readonly SignedPair[] {
    this.pairs ??= grouped(this.assertions.ofType('snap-resource-pair'), (one) => one.text('snap-id'), signedPair);
    return this.pairs.get(snapId) ?? [];
  }

  /** The snaps of which pairs came with the import. */
  get pairedSnapIds(): string[] {
    this.pairsOf('');
    return [...(this.pairs?.keys() ?? [])];
  }

  private async claim(member: string, snap: BundleSnap, declared: BundleComponent): Promise<ComponentClaim> {
    const { snapId } = snap;
    const { name, revision, digest, type, size } = declared;
    const assertion = await this.resourceRevision(member, snapId, declared);
    const signedRevision = Number(assertion.text('resource-revision'));
    const sizeBytes = Number(assertion.text('resource-size'));
    if (signedRevision !== revision)
      throw this.refused(member, `is declared as revision ${revision}, and signed as revision ${signedRevision}`);
    if (sizeBytes !== size) {
      const says = `its snap-resource-revision assertion says ${sizeBytes}`;
      throw this.refused(member, `has ${size} bytes, and ${says}`);
    }
    const published = await this.snaps.publishedSnap({ file: this.file, member }, snapId);
    if (published.name !== snap.name) {
      const says = `its snap-declaration says "${published.name}"`;
      throw this.refused(member, `is declared as of "${snap.name}", and ${says}`);
    }
    return {
      snapId,
      snapName: published.name,
      publisherId: published.publisherId,
      publisherName: published.publisherName,
      name,
      type,
      revision,
      digest,
      sizeBytes,
      developerId: assertion.text('developer-id'),
      provenance: assertion.text('provenance'),
      createdAt: new Date(assertion.text('timestamp')),
    };
  }

  private async resourceRevision(member: string, snapId: string, declared: BundleComponent): Promise<Assertion> {
    this.revisions ??= grouped(
      this.assertions.ofType('snap-resource-revision'),
      ({ primaryKey }) => primaryKey.slice(0, 3).join(' '),
      (one) => one,
    );
    const { name, revision, digest } = declared;
    const key = [snapId, name, digest.base64url];
    const carried = this.revisions.get(key.join(' ')) ?? [];
    const found =
      carried.find((one) => one.text('resource-revision') === String(revision)) ??
      carried[0] ??
      (await this.assertions.find('snap-resource-revision', [...key, USUAL_PROVENANCE]));
    if (found !== null) return found;
    const has = `has the SHA3-384 digest ${digest.hex}`;
    throw this.refused(member, `${has}, for which there is no snap-resource-revision assertion`);
  }

  /** A device asks for the pair under the provenance of the snap (snapd: overlord/assertstate, doValidateComponent). */
  private async checkPairs({ snapId, revisions }: BundleSnap, snaps: ReadonlyMap<string, SnapClaim>): Promise<void> {
    for (const { revision, components } of revisions) {
      const member = snapPath(snapId, revision);
      const provenance = snaps.get(member)?.provenance ?? USUAL_PROVENANCE;
      for (const { name, revision: componentRevision } of components) {
        const key = [snapId, name, String(componentRevision), String(revision), provenance];
        if ((await this.assertions.find('snap-resource-pair', key)) !== null) continue;
        const what = `is declared to go with revision ${componentRevision} of the component ${name}`;
        throw this.refused(member, `${what}, for which there is no snap-resource-pair assertion`);
      }
    }
  }

  private refused(member: string, reason: string): ComponentRefusedError {
    return new ComponentRefusedError({ file: this.file, member }, reason);
  }
}

function signedPair(pair: Assertion): SignedPair {
  return {
    snapRevision: Number(pair.text('snap-revision')),
    name: pair.text('resource-name'),
    componentRevision: Number(pair.text('resource-revision')),
    provenance: pair.text('provenance'),
  };
}

function grouped<T>(
  assertions: readonly Assertion[],
  keyOf: (assertion: Assertion) => string,
  valueOf: (assertion: Assertion) => T,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const assertion of assertions) {
    const key = keyOf(assertion);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [valueOf(assertion)]);
    else group.push(valueOf(assertion));
  }
  return groups;
}
