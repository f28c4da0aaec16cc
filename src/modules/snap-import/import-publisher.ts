import { Injectable } from '@nestjs/common';

import { MANIFEST_PATH, type BundleSnap } from '../../formats/bundle/index.js';
import { Clock } from '../../kernel/clock.js';
import { Transaction } from '../../platform/database/transaction.js';
import type { BlobIntake } from '../blobs/index.js';
import { CatalogWriter, type ChannelMove, type SnapMetadata } from '../catalog/index.js';
import type { CarriedFile } from './carried-file.js';
import type { CarriedPictures } from './carried-pictures.js';
import { ComponentPublisher, heldComponents, type PublishedComponents } from './components/component-publisher.js';
import type { VerifiedContent, VerifiedSnap } from './import-reading.js';
import type { ImportedMedia, ImportedRevision, ImportedSnap, ImportReport } from './import-report.js';
import { ImportLedger } from './ledger/import-ledger.js';
import { releasesOf, ruleOf, type ReleaseWish } from './release-requests.js';
import type { SnapClaim } from './snap-evidence.js';
import { toSnapMetadata } from './snap-metadata.js';

/** Ends a transaction that was only to find out what it would do. */
class Undo extends Error {
  constructor(readonly report: ImportReport) {
    super('dry run');
  }
}

interface SnapResult {
  readonly snap: ImportedSnap;
  readonly revisions: readonly ImportedRevision[];
  readonly components: PublishedComponents['components'];
  readonly releases: readonly ChannelMove[];
  readonly notes: readonly string[];
}

/** Makes verified content visible, all of it at once. */
@Injectable()
export class ImportPublisher {
  constructor(
    private readonly catalog: CatalogWriter,
    private readonly components: ComponentPublisher,
    private readonly ledger: ImportLedger,
    private readonly transaction: Transaction,
    private readonly clock: Clock,
  ) {}

  /** Files, assertions, snaps, revisions, releases and the ledger: all of these, or nothing where this throws. */
  publish(file: CarriedFile, content: VerifiedContent, wish: ReleaseWish, intake: BlobIntake): Promise<ImportReport> {
    return intake.publish(async () => {
      const report = await this.apply(file, content, wish, intake.id);
      return { ...report, record: await this.ledger.finish(intake.id, report) };
    });
  }

  /** What publishing would do; it is done and undone, so that the answer is the true one. */
  async rehearse(file: CarriedFile, content: VerifiedContent, wish: ReleaseWish): Promise<ImportReport> {
    try {
      return await this.transaction.run(async () => {
        throw new Undo({ ...(await this.apply(file, content, wish, null)), record: null });
      });
    } catch (thrown) {
      if (thrown instanceof Undo) return thrown.report;
      throw thrown;
    }
  }

  /** @param importId null where it is only rehearsed */
  private async apply(
    file: CarriedFile,
    content: VerifiedContent,
    wish: ReleaseWish,
    importId: string | null,
  ): Promise<Omit<ImportReport, 'record'>> {
    const assertions = await content.assertions.store();
    const results: SnapResult[] = [];
    if (!content.isHeldAlready)
      for (const { snapId, isNamed } of snapsToWrite(content)) {
        if (isNamed) results.push(await this.applySnap(snapId, file, content, wish, importId));
        else await this.applyComponents(snapId, file, content);
      }
    const components = content.isHeldAlready
      ? heldComponents(content.manifest?.snaps ?? [])
      : results.flatMap((result) => result.components);
    const revisions = content.isHeldAlready ? revisionsOf(content) : results.flatMap((result) => result.revisions);
    const releases = results.flatMap((result) => result.releases);
    const media = content.isHeldAlready ? unchangedMedia(content) : content.pictures.outcomes;
    const isNew =
      assertions.added + assertions.updated > 0 ||
      revisions.some(({ outcome }) => outcome === 'added') ||
      releases.some(({ outcome }) => outcome === 'moved') ||
      content.snaps.some(({ blob }) => !blob.wasHeld) ||
      components.some(({ outcome }) => outcome === 'added') ||
      content.components.some(({ blob }) => !blob.wasHeld) ||
      media.some(({ outcome }) => outcome === 'added');
    return {
      file: file.name,
      kind: file.kind,
      bundleId: content.manifest?.id ?? null,
      alreadyImported: !isNew,
      dryRun: importId === null,
      released: ruleOf(wish),
      signature: content.signature,
      checked: content.checked,
      snaps: content.isHeldAlready ? snapsOf(content) : results.map(({ snap }) => snap),
      revisions,
      components,
      media,
      releases,
      assertions,
      notes: [...content.notes, ...results.flatMap((result) => result.notes)],
    };
  }

  private async applySnap(
    snapId: string,
    file: CarriedFile,
    content: VerifiedContent,
    wish: ReleaseWish,
    importId: string | null,
  ): Promise<SnapResult> {
    const carried = content.snaps
      .filter(({ claim }) => claim.snapId === snapId)
      .sort((left, right) => left.claim.revision - right.claim.revision);
    const declared = content.manifest?.snaps.find((snap) => snap.snapId === snapId);
    const { name, publisherId, publisherName } = await this.nameOf(snapId, carried, file, content);
    const facts = await this.catalog.ensureSnap({
      snapId,
      name,
      publisherId,
      ...(await upstreamFacts(declared, content.pictures)),
    });
    const revisions: ImportedRevision[] = [];
    const notes: string[] = [];
    for (const snap of carried) {
      const outcome = await this.catalog.addRevision(newRevision(snap));
      revisions.push(imported(snap, outcome));
      if (outcome === 'unchanged' && !snap.blob.wasHeld)
        notes.push(`revision ${snap.claim.revision} of ${name} was missing or damaged, and is whole again`);
    }
    const published = await this.applyComponents(snapId, file, content);
    const { components } = published;
    notes.push(...published.notes);
    const isUpdated = facts === 'changed' || [...revisions, ...components].some(({ outcome }) => outcome === 'added');
    const snap: ImportedSnap = {
      name,
      snapId,
      publisher: { id: publisherId, username: publisherName },
      outcome: facts === 'added' ? facts : isUpdated ? 'updated' : 'unchanged',
      isDescriptionNew: facts !== 'unchanged',
    };
    // Who pushes a pair again wants to be told so, and not to undo what became of its channel since.
    const isRepeatedPair =
      content.manifest === null && wish.channel === null && revisions.every(({ outcome }) => outcome === 'unchanged');
    if (isRepeatedPair) return { snap, revisions, components, releases: [], notes };
    const forRelease = carried.map(({ claim, inspection }) => {
      return { revision: claim.revision, architectures: inspection.architectures };
    });
    const { requests, options } = releasesOf(snapId, forRelease, content.manifest, wish, this.clock.now());
    if (requests.length === 0) {
      // No map is not an empty map: it says nothing of the channels that there are.
      if (wish.replaceMap) notes.push(`no channel map of ${name} is in it, so its channels stay as they are`);
      return { snap, revisions, components, releases: [], notes };
    }
    const releases = await this.catalog.applyReleases(snapId, requests, { ...options, importId });
    return { snap, revisions, components, releases, notes: [...notes, ...releases.flatMap(warningOf)] };
  }

  private applyComponents(
    snapId: string,
    { path }: CarriedFile,
    content: VerifiedContent,
  ): Promise<PublishedComponents> {
    return this.components.apply({
      file: path,
      snapId,
      declared: content.manifest?.snaps.find((snap) => snap.snapId === snapId) ?? null,
      carried: content.components.filter(({ claim }) => claim.snapId === snapId),
      pairs: content.componentEvidence.pairsOf(snapId),
    });
  }

  private async nameOf(
    snapId: string,
    [snap]: readonly VerifiedSnap[],
    file: CarriedFile,
    content: VerifiedContent,
  ): Promise<Pick<SnapClaim, 'name' | 'publisherId' | 'publisherName'>> {
    if (snap !== undefined) return snap.claim;
    const place = { file: file.path, member: MANIFEST_PATH };
    const declaration = await content.evidence.declaration(place, snapId);
    const publisherId = declaration.text('publisher-id');
    const publisherName = await content.evidence.userNameOf(publisherId);
    return { name: declaration.text('snap-name'), publisherId, publisherName };
  }
}

/** Files pushed in the wrong order take channels back; so does the online store, sometimes, and then on purpose. */
function warningOf({ name, channel, architecture, from, to, outcome }: ChannelMove): string[] {
  const isBack = outcome === 'moved' && from !== null && to !== null && to < from;
  return isBack ? [`${channel} ${architecture} of ${name} goes back from revision ${from} to ${to}`] : [];
}

/** In the one order in which snaps are locked: those that the file names, and those that only a signed pair is about. */
function snapsToWrite({ manifest, snaps, componentEvidence }: VerifiedContent): { snapId: string; isNamed: boolean }[] {
  const named = new Set([
    ...(manifest?.snaps ?? []).map(({ snapId }) => snapId),
    ...snaps.map(({ claim }) => claim.snapId),
  ]);
  const all = [...new Set([...named, ...componentEvidence.pairedSnapIds])].sort();
  return all.map((snapId) => ({ snapId, isNamed: named.has(snapId) }));
}

async function upstreamFacts(
  snap: BundleSnap | undefined,
  pictures: CarriedPictures,
): Promise<{ defaultTrack?: string | null; metadata?: SnapMetadata }> {
  if (snap === undefined) return {};
  const { defaultTrack, metadata } = snap;
  if (metadata === null) return { defaultTrack };
  return { defaultTrack, metadata: toSnapMetadata(metadata, await pictures.uses(metadata)) };
}

function newRevision({ claim, inspection, icon }: VerifiedSnap): Parameters<CatalogWriter['addRevision']>[0] {
  const { snapId, revision, digest, sizeBytes, developerId, provenance, createdAt } = claim;
  const { version, type, base, confinement, grade, architectures, epoch, snapYaml, commonIds } = inspection;
  return {
    snapId,
    revision,
    sha3_384: digest.hex,
    sizeBytes,
    version,
    type,
    base,
    confinement,
    grade,
    architectures: [...architectures],
    epoch,
    provenance,
    snapYaml,
    icon,
    commonIds: [...commonIds],
    developerId,
    createdAt,
  };
}

function imported({ claim, inspection }: VerifiedSnap, outcome: ImportedRevision['outcome']): ImportedRevision {
  const { name, snapId, revision, sizeBytes, digest } = claim;
  const { version, architectures } = inspection;
  return { name, snapId, revision, version, architectures, sizeBytes, sha3_384: digest.hex, outcome };
}

/** As the manifest names what is held already. */
function snapsOf({ manifest }: VerifiedContent): ImportedSnap[] {
  return (manifest?.snaps ?? []).map(({ name, snapId }) => {
    return { name, snapId, publisher: null, outcome: 'unchanged', isDescriptionNew: false };
  });
}

function unchangedMedia({ manifest }: VerifiedContent): ImportedMedia[] {
  return (manifest?.media ?? []).map(({ digest, size, contentType }) => {
    return { sha3_384: digest.hex, contentType, sizeBytes: size, outcome: 'unchanged' };
  });
}

/** As the manifest describes what is held already. */
function revisionsOf({ manifest }: VerifiedContent): ImportedRevision[] {
  return (manifest?.snaps ?? []).flatMap(({ name, snapId, revisions }) =>
    revisions.map(({ revision, version, architectures, size, digest }) => {
      return {
        name,
        snapId,
        revision,
        version,
        architectures,
        sizeBytes: size,
        sha3_384: digest.hex,
        outcome: 'unchanged',
      };
    }),
  );
}
