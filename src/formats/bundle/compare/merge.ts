import type { Sha3_384 } from '../../../kernel/digest.js';
import { BundleConflictError } from '../errors.js';
import type { BundleAssertionFile, BundleAssumptions, BundleManifest, BundleRelease, BundleSnap } from '../manifest.js';

/** One of the bundles that become one. */
export interface MergeInput {
  /** As the operator named it. */
  readonly file: string;
  readonly manifest: BundleManifest;
}

/** What is the merged bundle's own. */
export type MergedIdentity = Pick<BundleManifest, 'id' | 'created' | 'tool'> & {
  readonly assertions: readonly BundleAssertionFile[];
};

/**
 * One manifest that says what several say. What all of them carry is carried; where they speak of the same thing in different ways
 * (a channel's revision, a description), the one that was made last is believed. What one assumes and another carries is
 * not assumed any more.
 * @throws BundleConflictError where two of them carry different things under one name
 */
export function mergeManifests(inputs: readonly MergeInput[], identity: MergedIdentity): BundleManifest {
  // Sorting keeps the order of those that were made in the same second: the one that was named later counts.
  const ordered = [...inputs].sort(
    (one, other) => Date.parse(one.manifest.created) - Date.parse(other.manifest.created),
  );
  checkNames(ordered);
  const digests = new Digests();
  const snapIds = [...new Set(ordered.flatMap(({ manifest }) => manifest.snaps.map(({ snapId }) => snapId)))];
  const snaps = snapIds.map((snapId) => mergeSnap(snapId, ordered, digests));
  const media = ordered.flatMap(({ manifest }) => manifest.media);
  return {
    format: 1,
    requires: [...new Set(ordered.flatMap(({ manifest }) => manifest.requires))],
    ...identity,
    snaps,
    media: [...new Map(media.map((picture) => [picture.digest.hex, picture])).values()],
    assumes: mergeAssumptions(ordered, digests),
  };
}

function mergeSnap(snapId: string, ordered: readonly MergeInput[], digests: Digests): BundleSnap {
  const revisions = new Map<number, BundleSnap['revisions'][number]>();
  const components = new Map<string, BundleSnap['components'][number]>();
  const releases = new Map<string, BundleRelease>();
  const reasons = new Map<string, BundleSnap['reasons'][number]>();
  let merged: Pick<BundleSnap, 'name' | 'defaultTrack' | 'metadata'> = { name: '', defaultTrack: null, metadata: null };
  for (const { file, manifest } of ordered) {
    const snap = manifest.snaps.find((each) => each.snapId === snapId);
    if (snap === undefined) continue;
    merged = {
      name: snap.name,
      defaultTrack: snap.defaultTrack ?? merged.defaultTrack,
      metadata: snap.metadata ?? merged.metadata,
    };
    for (const revision of snap.revisions) {
      digests.carry(
        file,
        `${snapId} ${revision.revision}`,
        revision.digest,
        `revision ${revision.revision} of ${snap.name}`,
      );
      const pairs = new Map(
        [...(revisions.get(revision.revision)?.components ?? []), ...revision.components].map((one) => [one.name, one]),
      );
      revisions.set(revision.revision, { ...revision, components: [...pairs.values()] });
    }
    for (const component of snap.components) {
      const { name, revision, digest } = component;
      digests.carry(file, `${snapId} ${name} ${revision}`, digest, `revision ${revision} of the component ${name}`);
      components.set(`${name} ${revision}`, component);
    }
    for (const release of snap.channelMap) mergeRelease(releases, release);
    for (const reason of snap.reasons) reasons.set(`${reason.kind} ${reason.of ?? ''}`, reason);
  }
  return {
    snapId,
    ...merged,
    reasons: [...reasons.values()],
    channelMap: [...releases.values()],
    revisions: [...revisions.values()],
    components: [...components.values()],
  };
}

/** A channel that was asked for once stays one that was asked for. */
function mergeRelease(releases: Map<string, BundleRelease>, release: BundleRelease): void {
  const key = `${release.architecture} ${release.channel.toString()}`;
  const requested = release.requested || releases.get(key)?.requested === true;
  releases.set(key, { ...release, requested });
}

function mergeAssumptions(ordered: readonly MergeInput[], digests: Digests): BundleAssumptions {
  const revisions = new Map<string, BundleAssumptions['revisions'][number]>();
  const components = new Map<string, BundleAssumptions['components'][number]>();
  const media = new Map<string, Sha3_384>();
  const carriedMedia = new Set(ordered.flatMap(({ manifest }) => manifest.media.map(({ digest }) => digest.hex)));
  for (const { file, manifest } of ordered) {
    const { assumes } = manifest;
    for (const one of assumes.revisions) {
      const key = `${one.snapId} ${one.revision}`;
      if (!digests.assume(file, key, one.digest, `revision ${one.revision} of ${one.name}`)) revisions.set(key, one);
    }
    for (const one of assumes.components) {
      const key = `${one.snapId} ${one.name} ${one.revision}`;
      const what = `revision ${one.revision} of the component ${one.name}`;
      if (!digests.assume(file, key, one.digest, what)) components.set(key, one);
    }
    for (const digest of assumes.media) if (!carriedMedia.has(digest.hex)) media.set(digest.hex, digest);
  }
  return { revisions: [...revisions.values()], components: [...components.values()], media: [...media.values()] };
}

/** What each revision is, whoever speaks of it. */
class Digests {
  private readonly known = new Map<
    string,
    { readonly digest: Sha3_384; readonly file: string; readonly isCarried: boolean }
  >();

  carry(file: string, key: string, digest: Sha3_384, what: string): void {
    this.check(file, key, digest, what);
    this.known.set(key, { digest, file, isCarried: true });
  }

  /** @returns whether it is carried by one of the bundles; all that they carry must be known by now */
  assume(file: string, key: string, digest: Sha3_384, what: string): boolean {
    this.check(file, key, digest, what);
    const before = this.known.get(key);
    if (before === undefined) this.known.set(key, { digest, file, isCarried: false });
    return before?.isCarried === true;
  }

  private check(file: string, key: string, digest: Sha3_384, what: string): void {
    const other = this.known.get(key);
    if (other === undefined || other.digest.equals(digest)) return;
    throw new BundleConflictError({ file, member: null }, `has another file for ${what} than ${other.file}`);
  }
}

/** A snap-id has one name, and a name one snap-id. */
function checkNames(inputs: readonly MergeInput[]): void {
  const names = new Map<string, { readonly value: string; readonly file: string }>();
  for (const { file, manifest } of inputs) {
    for (const { snapId, name } of manifest.snaps) {
      for (const [key, value] of [
        [`the snap-id ${snapId}`, name],
        [`the name ${name}`, snapId],
      ] as const) {
        const other = names.get(key);
        if (other !== undefined && other.value !== value) {
          const reason = `has ${key} for ${value}, and ${other.file} for ${other.value}`;
          throw new BundleConflictError({ file, member: null }, reason);
        }
        names.set(key, { value, file });
      }
    }
  }
}
