import {
  type Assertion,
  assertionRef,
  type AssertionRef,
  type TrustedRoots,
  withPrerequisites,
} from '../../../formats/assertion/index.js';
import {
  assertionStreams,
  type BundleComponent,
  type BundleManifest,
  type BundleMedia,
  type BundleMediaType,
  type BundlePublisher,
  type BundleRevision,
  type BundleSnap,
  type BundleSnapMetadata,
  type CarriedStream,
} from '../../../formats/bundle/index.js';
import type { SnapArchitecture } from '../../../kernel/architecture.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import type { AssertionService } from '../../assertions/index.js';
import type { HeldComponent, HeldSnapRevision, SnapMedia, SnapMetadata } from '../../catalog/index.js';
import { SnapNotExportableError } from './export.errors.js';
import type { PlannedExport, PlannedExportSnap } from './export-plan.js';

export interface BundleIdentity {
  /** A UUID. */
  readonly id: string;
  /** RFC 3339 in UTC, whole seconds. */
  readonly created: string;
  readonly tool: { readonly name: string; readonly version: string };
}

/** All of a bundle but what blobs hold. */
export interface BundleContents {
  readonly manifest: BundleManifest;
  readonly streams: readonly CarriedStream[];
}

const SERIES = '16';

/**
 * Puts together what a bundle says, with the assertions that prove it up to a trusted root.
 * @throws SnapNotExportableError where one of them is not held, or does not hold any more
 */
export async function composeBundle(
  plan: PlannedExport,
  assertions: AssertionService,
  roots: TrustedRoots,
  { id, created, tool }: BundleIdentity,
): Promise<BundleContents> {
  const evidence = new Evidence(assertions, roots);
  const snaps: BundleSnap[] = [];
  for (const snap of plan.snaps) {
    await evidence.add(snap);
    snaps.push(composeSnap(snap, await evidence.publisherOf(snap)));
  }
  const streams = assertionStreams(await evidence.chain());
  const manifest: BundleManifest = {
    format: 1,
    requires: [],
    id,
    created,
    tool,
    snaps,
    media: plan.media.map(pictureOf),
    assertions: streams.map(({ path, digest, size, count }) => ({ path, digest, size, count })),
    assumes: plan.assumes,
  };
  return { manifest, streams };
}

/** The assertions that go with a bundle's snaps. */
class Evidence {
  private readonly wanted: Assertion[] = [];
  /** Whose sake each was first asked for, for messages. */
  private readonly subjects = new Map<string, string>();

  constructor(
    private readonly assertions: AssertionService,
    private readonly roots: TrustedRoots,
  ) {}

  async add({ held, revisions, components, pairs }: PlannedExportSnap): Promise<void> {
    await this.want(held.name, assertionRef('snap-declaration', [SERIES, held.snapId]));
    for (const { revision, sha3_384, provenance } of revisions) {
      const digest = Sha3_384.fromHex(sha3_384).base64url;
      await this.want(`revision ${revision} of ${held.name}`, assertionRef('snap-revision', [digest, provenance]));
    }
    for (const { name, revision, sha3_384, provenance } of components) {
      const key = [held.snapId, name, Sha3_384.fromHex(sha3_384).base64url, provenance];
      await this.want(`${held.name}+${name} ${revision}`, assertionRef('snap-resource-revision', key));
    }
    for (const { component, snapRevision } of pairs) {
      const { name, revision, provenance } = component;
      const key = [held.snapId, name, String(revision), String(snapRevision), provenance];
      await this.want(`${held.name}+${name} ${revision}`, assertionRef('snap-resource-pair', key));
    }
  }

  /** Everything in prerequisite order, verified once more as of now. */
  async chain(): Promise<Assertion[]> {
    const chain = await withPrerequisites(this.wanted, {
      isKnown: (ref) => this.roots.find(ref) !== null,
      find: (ref, neededBy) => {
        const subject = this.subjects.get(neededBy.ref.id) ?? neededBy.toString();
        this.subjects.set(ref.id, subject);
        return this.find(subject, ref);
      },
    });
    for (const { assertion, error } of await this.assertions.verify(chain)) {
      if (error === null) continue;
      const subject = this.subjects.get(assertion.ref.id) ?? assertion.toString();
      throw new SnapNotExportableError(subject, error.message, { cause: error });
    }
    return chain;
  }

  /** Null where the account is not held, or has a name that a bundle cannot carry. */
  async publisherOf({ held }: PlannedExportSnap): Promise<BundlePublisher | null> {
    const account = await this.assertions.find(assertionRef('account', [held.publisherId]));
    const username = account?.text('username') ?? '';
    if (account === null || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(username)) return null;
    const validation = account.text('validation');
    return { id: held.publisherId, username, displayName: account.text('display-name').slice(0, 200), validation };
  }

  private async want(subject: string, ref: AssertionRef): Promise<void> {
    this.subjects.set(ref.id, subject);
    this.wanted.push(await this.find(subject, ref));
  }

  private async find(subject: string, ref: AssertionRef): Promise<Assertion> {
    const found = await this.assertions.find(ref);
    if (found === null) throw new SnapNotExportableError(subject, `${ref.toString()} is not held`);
    return found;
  }
}

function composeSnap(snap: PlannedExportSnap, publisher: BundlePublisher | null): BundleSnap {
  const { held, reasons, channelMap, revisions, components } = snap;
  return {
    snapId: held.snapId,
    name: held.name,
    defaultTrack: held.defaultTrack,
    reasons,
    channelMap,
    metadata: metadataOf(held.metadata, publisher),
    revisions: revisions.map(revisionOf),
    components: components.map(componentOf),
  };
}

function revisionOf(held: HeldSnapRevision): BundleRevision {
  const { revision, sha3_384, sizeBytes, version, architectures, createdAt, components } = held;
  return {
    revision,
    digest: Sha3_384.fromHex(sha3_384),
    size: sizeBytes,
    version,
    architectures: architectures as SnapArchitecture[],
    createdAt: createdAt.toISOString(),
    components,
  };
}

function componentOf({
  name,
  revision,
  type,
  sha3_384,
  sizeBytes,
  version,
  createdAt,
}: HeldComponent): BundleComponent {
  const digest = Sha3_384.fromHex(sha3_384);
  return { name, revision, type, digest, size: sizeBytes, version, createdAt: createdAt.toISOString() };
}

/** Null where nothing is known but what assertions and snap.yaml say. */
function metadataOf(metadata: SnapMetadata, publisher: BundlePublisher | null): BundleSnapMetadata | null {
  if (Object.keys(metadata).length === 0) return null;
  return {
    title: metadata.title ?? null,
    summary: metadata.summary ?? null,
    description: metadata.description ?? null,
    license: metadata.license ?? null,
    links: metadata.links ?? {},
    categories: metadata.categories ?? [],
    website: metadata.website ?? null,
    contact: metadata.contact ?? null,
    storeUrl: metadata['store-url'] ?? null,
    private: false,
    publisher,
    media: (metadata.media ?? []).map((use) => {
      return { type: use.type, digest: Sha3_384.fromHex(use['sha3-384']), width: use.width, height: use.height };
    }),
  };
}

function pictureOf({ 'sha3-384': hex, 'content-type': contentType, size }: SnapMedia): BundleMedia {
  return { digest: Sha3_384.fromHex(hex), size, contentType: contentType as BundleMediaType };
}
