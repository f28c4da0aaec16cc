import type { Assertion } from '../../assertion/index.js';
import type { BundleManifest, BundleRevision, BundleSnap, BundleSnapMetadata } from '../manifest.js';

/** What a bundle says, without its snaps. */
export interface BundleContents {
  readonly manifest: BundleManifest;
  /** The key-id of the manifest's signature; null where there is none. */
  readonly signer: string | null;
  readonly assertions: readonly Assertion[];
}

export type Change = 'added' | 'removed' | 'changed';

/** What another bundle has that the first has not, and the other way round. Lists hold what differs, and nothing else. */
export interface BundleDifference {
  /** Nothing differs but what two bundles with the same content may differ in: id, time, tool and signature. */
  readonly isSameContent: boolean;
  readonly snaps: readonly SnapDifference[];
  readonly assertions: readonly AssertionDifference[];
  /** Digests in hex. */
  readonly media: readonly { readonly sha3_384: string; readonly change: Change }[];
  /** What the store must hold already. */
  readonly assumes: readonly { readonly what: string; readonly change: Change }[];
}

export interface SnapDifference {
  readonly name: string;
  readonly snapId: string;
  readonly change: Change;
  readonly revisions: readonly RevisionDifference[];
  readonly components: readonly { readonly name: string; readonly revision: number; readonly change: Change }[];
  readonly releases: readonly ReleaseDifference[];
  /** The fields of its metadata, and `name`, `default-track` and `reasons`, as bundle.json calls them. */
  readonly fields: readonly string[];
}

export interface RevisionDifference {
  readonly revision: number;
  readonly change: Change;
  /** Of the bundle that has it; of the second where both have. */
  readonly version: string;
  readonly architectures: readonly string[];
  readonly sizeBytes: number;
}

export interface ReleaseDifference {
  readonly channel: string;
  readonly architecture: string;
  /** Null where the channel is not in that bundle. */
  readonly from: number | null;
  readonly to: number | null;
  /** Whether the channel is one that was asked for, in the second bundle where it is there. */
  readonly requested: boolean;
}

export interface AssertionDifference {
  readonly assertion: string;
  readonly change: Change;
  /** Assertion revisions; null where it is not there. */
  readonly from: number | null;
  readonly to: number | null;
}

/** Says what changes from one bundle to the other. */
export function diffBundles(before: BundleContents, after: BundleContents): BundleDifference {
  const [one, other] = [before.manifest, after.manifest];
  const snaps = pairs(one.snaps, other.snaps, ({ snapId }) => snapId)
    .map(({ left, right }) => diffSnap(left, right))
    .filter((difference) => difference !== null);
  const assertions = diffAssertions(before.assertions, after.assertions);
  const digestsOf = ({ media }: BundleManifest): string[] => media.map(({ digest }) => digest.hex);
  const media = diffTexts(digestsOf(one), digestsOf(other)).map(({ text, change }) => ({ sha3_384: text, change }));
  const assumes = diffTexts(assumptionsOf(one), assumptionsOf(other)).map(({ text, change }) => ({
    what: text,
    change,
  }));
  const differences = [snaps, assertions, media, assumes];
  return { isSameContent: differences.every(({ length }) => length === 0), snaps, assertions, media, assumes };
}

/** What a bundle counts on, each in a few words: `core22 revision 1380`. */
export function assumptionsOf({ assumes }: BundleManifest): string[] {
  return [
    ...assumes.revisions.map(({ name, revision }) => `${name} revision ${revision}`),
    ...assumes.components.map(({ name, revision }) => `component ${name} revision ${revision}`),
    ...assumes.media.map(({ hex }) => `picture ${hex}`),
  ];
}

function diffSnap(before: BundleSnap | null, after: BundleSnap | null): SnapDifference | null {
  const snap = after ?? before;
  if (snap === null) return null;
  const revisions = pairs(before?.revisions ?? [], after?.revisions ?? [], ({ revision }) => String(revision))
    .map(({ left, right }) => diffRevision(left, right))
    .filter((difference) => difference !== null)
    .sort((left, right) => left.revision - right.revision);
  const components = pairs(
    before?.components ?? [],
    after?.components ?? [],
    (one) => `${one.name} ${one.revision}`,
  ).flatMap(({ left, right }) => {
    const change = changeOf(left, right, (one) => one.digest.hex);
    const { name, revision } = right ?? left ?? { name: '', revision: 0 };
    return change === null ? [] : [{ name, revision, change }];
  });
  const releases = diffReleases(before, after);
  const fields = before === null || after === null ? [] : diffFields(before, after);
  const isSame = [revisions, components, releases, fields].every(({ length }) => length === 0);
  const change = before === null ? 'added' : after === null ? 'removed' : 'changed';
  if (isSame && change === 'changed') return null;
  return { name: snap.name, snapId: snap.snapId, change, revisions, components, releases, fields };
}

function diffRevision(before: BundleRevision | null, after: BundleRevision | null): RevisionDifference | null {
  const change = changeOf(before, after, (one) => JSON.stringify({ ...one, digest: one.digest.hex }));
  const found = after ?? before;
  if (change === null || found === null) return null;
  const { revision, version, architectures, size } = found;
  return { revision, change, version, architectures, sizeBytes: size };
}

function diffReleases(before: BundleSnap | null, after: BundleSnap | null): ReleaseDifference[] {
  const [one, other] = [before?.channelMap ?? [], after?.channelMap ?? []];
  return pairs(one, other, ({ architecture, channel }) => `${channel.toString()} ${architecture}`).flatMap(
    ({ left, right }) => {
      const found = right ?? left;
      if (found === null || (left?.revision === right?.revision && left?.requested === right?.requested)) return [];
      const { architecture, channel, requested } = found;
      return [
        {
          channel: channel.toString(),
          architecture,
          from: left?.revision ?? null,
          to: right?.revision ?? null,
          requested,
        },
      ];
    },
  );
}

function diffFields(before: BundleSnap, after: BundleSnap): string[] {
  const own: (keyof BundleSnap)[] = ['name', 'defaultTrack', 'reasons'];
  const fields = own.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  const [one, other] = [before.metadata, after.metadata];
  const keys = Object.keys(one ?? other ?? {}) as (keyof BundleSnapMetadata)[];
  const metadata = keys.filter((key) => valueOf(one, key) !== valueOf(other, key));
  return [...fields, ...metadata].map((key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).sort();
}

function valueOf(metadata: BundleSnapMetadata | null, key: keyof BundleSnapMetadata): string {
  if (metadata === null) return '';
  if (key === 'media') return JSON.stringify(metadata.media.map((use) => ({ ...use, digest: use.digest.hex })));
  return JSON.stringify(metadata[key]);
}

function diffAssertions(before: readonly Assertion[], after: readonly Assertion[]): AssertionDifference[] {
  return pairs(newest(before), newest(after), ({ ref }) => ref.id).flatMap(({ left, right }) => {
    const change = changeOf(left, right, ({ revision }) => String(revision));
    const found = right ?? left;
    if (change === null || found === null) return [];
    return [{ assertion: found.toString(), change, from: left?.revision ?? null, to: right?.revision ?? null }];
  });
}

/** Of several revisions of one assertion, the last. */
export function newest(assertions: readonly Assertion[]): Assertion[] {
  const byId = new Map<string, Assertion>();
  for (const assertion of assertions) {
    const other = byId.get(assertion.ref.id);
    if (other === undefined || other.revision < assertion.revision) byId.set(assertion.ref.id, assertion);
  }
  return [...byId.values()];
}

function diffTexts(before: readonly string[], after: readonly string[]): { text: string; change: Change }[] {
  return pairs(before, after, (text) => text).flatMap(({ left, right }) => {
    const change = changeOf(left, right, (text) => text);
    return change === null ? [] : [{ text: right ?? left ?? '', change }];
  });
}

function changeOf<T>(before: T | null, after: T | null, spell: (item: T) => string): Change | null {
  if (before === null) return after === null ? null : 'added';
  if (after === null) return 'removed';
  return spell(before) === spell(after) ? null : 'changed';
}

/** Items of both lists with the same key together, in the order of their keys. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  key: (item: T) => string,
): { readonly left: T | null; readonly right: T | null }[] {
  const [lefts, rights] = [before, after].map((items) => new Map(items.map((item) => [key(item), item])));
  const keys = [...new Set([...(lefts?.keys() ?? []), ...(rights?.keys() ?? [])])].sort();
  return keys.map((each) => ({ left: lefts?.get(each) ?? null, right: rights?.get(each) ?? null }));
}
