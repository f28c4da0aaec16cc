import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { snapPath, type BundleManifest, type BundlePlace } from '../../formats/bundle/index.js';
import type { Sha3_384 } from '../../kernel/digest.js';
import type { HashableContent } from '../../platform/hashing/hash-workers.js';
import type { BlobIntake, BlobReader, ReceivedBlob } from '../blobs/index.js';
import type { SnapMedia } from '../catalog/index.js';
import type { AssertionService } from '../assertions/index.js';
import { CarriedAssertions } from './carried-assertions.js';
import type { CarriedComponent, CarriedFile, CarriedPart, CarriedPicture, CarriedSnap } from './carried-file.js';
import { CarriedPictures } from './carried-pictures.js';
import { ComponentEvidence, type ComponentClaim } from './components/component-evidence.js';
import { inspectReceivedComponent } from './components/component-inspection.js';
import type { VerifiedComponent } from './components/component-publisher.js';
import type { HeldContent } from './held-content.js';
import type { ImportPolicy, ProposedSnap } from './import-policy.js';
import type { CheckedFiles, ImportChecks, ImportSignature } from './import-report.js';
import type { SignerService } from './signers/signer.service.js';
import { checkSelfDescription, SnapEvidence, type SnapClaim } from './snap-evidence.js';
import { inspectReceived, type SnapInspection } from './snap-inspection.js';

/** How far an import is. */
export interface ImportProgress {
  /** Such as `reading snaps/….snap`. */
  readonly step: string;
  readonly done: number;
  /** Null for a folder. */
  readonly total: number | null;
  readonly unit: 'bytes';
}

export interface ReadingOptions {
  readonly signal: AbortSignal;
  /** Whether a bundle of which the ledger knows, and that is still held in full, need not be read again. */
  readonly trustsLedger: boolean;
  readonly onProgress: (progress: ImportProgress) => void;
}

/** What reading a carried file needs of the store. */
export interface ReadingTools {
  readonly assertions: AssertionService;
  readonly held: HeldContent;
  readonly signers: SignerService;
  readonly policy: ImportPolicy;
  readonly blobs: BlobReader;
}

/** A snap whose every byte was read and found to be what its assertions say. */
export interface VerifiedSnap {
  readonly claim: SnapClaim;
  readonly inspection: SnapInspection;
  readonly blob: ReceivedBlob;
  /** The one in the snap, received as a file of its own. */
  readonly icon: SnapMedia | null;
}

/** All of a carried file, verified: nothing of it is visible yet. */
export interface VerifiedContent {
  readonly manifest: BundleManifest | null;
  readonly signature: ImportSignature;
  readonly checked: ImportChecks;
  readonly assertions: CarriedAssertions;
  readonly evidence: SnapEvidence;
  readonly snaps: readonly VerifiedSnap[];
  readonly components: readonly VerifiedComponent[];
  readonly componentEvidence: ComponentEvidence;
  readonly pictures: CarriedPictures;
  readonly notes: readonly string[];
  /** The ledger knows the bundle and everything in it is held: it was not read again, and `snaps` is empty. */
  readonly isHeldAlready: boolean;
}

interface Received {
  readonly place: BundlePlace;
  readonly snap: CarriedSnap;
  readonly blob: ReceivedBlob;
}

/**
 * Reads one carried file from its first byte to its last and verifies all of it on the way: who signed the manifest, then
 * the assertions, and only then, where the order allows, gigabytes of snaps.
 */
export class ImportReading {
  private readonly assertions: CarriedAssertions;
  private readonly evidence: SnapEvidence;
  private readonly componentEvidence: ComponentEvidence;
  private readonly components: VerifiedComponent[] = [];
  private readonly pictures: CarriedPictures;
  private readonly verified: VerifiedSnap[] = [];
  /** By member, what each snap of a manifest must turn out to be. */
  private readonly claims = new Map<string, SnapClaim>();
  private componentClaims: ReadonlyMap<string, ComponentClaim> = new Map();
  private readonly notes: string[] = [];
  private waiting: Received[] = [];
  private manifest: BundleManifest | null = null;
  private signature: ImportSignature | null = null;
  private manifestSha3_384: string | null = null;
  private hasVerifiedAssertions = false;
  private ignoredMembers = 0;
  private current: BundlePlace;

  constructor(
    private readonly tools: ReadingTools,
    private readonly file: CarriedFile,
    private readonly intake: BlobIntake,
    private readonly options: ReadingOptions,
  ) {
    this.current = { file: file.path, member: null };
    this.assertions = new CarriedAssertions(tools.assertions);
    this.evidence = new SnapEvidence(this.assertions);
    this.componentEvidence = new ComponentEvidence(file.path, this.assertions, this.evidence);
    this.pictures = new CarriedPictures(file.path, tools.blobs);
  }

  /** What is being looked at: where an error belongs. */
  get place(): BundlePlace {
    return this.current;
  }

  async read(): Promise<VerifiedContent> {
    for await (const part of this.file.parts(this.options.signal)) {
      this.current = part.place;
      this.tell();
      if ((await this.take(part)) === 'enough') return this.content(true);
    }
    this.current = { file: this.file.path, member: null };
    this.signature ??= await this.tools.signers.judge(null, this.file.path);
    await this.verifyAssertions();
    for (const received of this.waiting) await this.verifyLate(received);
    this.options.signal.throwIfAborted();
    return this.content(false);
  }

  private async take(part: CarriedPart): Promise<'enough' | undefined> {
    switch (part.kind) {
      case 'head':
        return this.takeHead(part);
      case 'assertions':
        return this.assertions.gather(part.place, part.bytes) as Promise<undefined>;
      case 'snap':
        return (this.file.isOrdered ? this.takeSnap(part) : this.takeSnapUnseen(part)) as Promise<undefined>;
      case 'media':
        return this.takePicture(part) as Promise<undefined>;
      case 'component':
        return this.takeComponent(part) as Promise<undefined>;
      case 'ignored':
        this.ignoredMembers++;
        return undefined;
    }
  }

  private async takeHead(head: CarriedPart & { kind: 'head' }): Promise<'enough' | undefined> {
    const { manifest, manifestBytes, signer } = head;
    const { path: file } = this.file;
    this.manifest = manifest;
    this.manifestSha3_384 = createHash('sha3-384').update(manifestBytes).digest('hex');
    this.signature = await this.tools.signers.judge(signer, file);
    await this.tools.held.checkAssumptions(manifest, file);
    if (!this.options.trustsLedger) return undefined;
    return (await this.tools.held.holdsAllOf(manifest)) ? 'enough' : undefined;
  }

  /** A snap that comes after all assertions: what it must be is known, and it is not read where that is refused. */
  private async takeSnap(part: CarriedSnap & CarriedPart): Promise<void> {
    this.signature ??= await this.tools.signers.judge(null, this.file.path);
    await this.verifyAssertions();
    const expected = this.claims.get(part.place.member ?? '') ?? (await this.evidence.expectation(part.place, part));
    if (part.declared === null && expected !== null) await this.propose([unread(expected)]);
    const blob = await this.receive(part, expected?.digest ?? null);
    const claim = await this.evidence.claim(part.place, part, blob.sha3_384);
    if (part.declared === null && expected === null) await this.propose([unread(claim)]);
    await this.inspect({ place: part.place, snap: part, blob }, claim);
  }

  /** A snap that may come before its assertions. */
  private async takeSnapUnseen(part: CarriedSnap & CarriedPart): Promise<void> {
    this.waiting.push({ place: part.place, snap: part, blob: await this.receive(part, null) });
  }

  private async verifyLate(received: Received): Promise<void> {
    this.current = received.place;
    const claim = await this.evidence.claim(received.place, received.snap, received.blob.sha3_384);
    await this.propose([unread(claim)]);
    await this.inspect(received, claim);
  }

  private async takeComponent(part: CarriedComponent & CarriedPart): Promise<void> {
    await this.verifyAssertions();
    const claim = this.componentClaims.get(part.place.member ?? '');
    if (claim === undefined) throw new Error(`${part.place.member ?? ''} was not declared`);
    const blob = await this.receive(part, claim.digest);
    this.components.push({ claim, inspection: await inspectReceivedComponent(part.place, blob, claim), blob });
  }

  private async takePicture(part: CarriedPicture & CarriedPart): Promise<void> {
    await this.pictures.add(part.place, await this.receive(part, part.declared.digest));
  }

  private async receive(
    part: CarriedPart & (CarriedSnap | CarriedComponent | CarriedPicture),
    expected: Sha3_384 | null,
  ): Promise<ReceivedBlob> {
    const { file, member } = part.place;
    const blob = await this.intake.receive(member === null ? file : `${member} of ${file}`, this.told(part.content), {
      expectedSha3_384Hex: expected?.hex,
      signal: this.options.signal,
    });
    part.confirm(blob.sha3_384);
    return blob;
  }

  private async inspect({ place, blob }: Received, claim: SnapClaim): Promise<void> {
    const inspection = await inspectReceived(place, blob);
    checkSelfDescription(place, inspection, claim);
    const { confinement, interfaces, architectures } = inspection;
    await this.propose([{ ...claim, contents: { confinement, interfaces, architectures } }]);
    this.verified.push({ claim, inspection, blob, icon: await this.receiveIcon(place, inspection) });
  }

  private async receiveIcon(place: BundlePlace, { icon }: SnapInspection): Promise<SnapMedia | null> {
    if (icon === null) return null;
    const { path, bytes, mediaType } = icon;
    const what = `${path} of ${place.member ?? place.file}`;
    const { sha3_384, sizeBytes } = await this.intake.receive(what, Readable.from([bytes]));
    const size = { size: sizeBytes, width: null, height: null };
    return { type: 'icon', 'sha3-384': sha3_384.hex, 'content-type': mediaType, ...size };
  }

  private async verifyAssertions(): Promise<void> {
    if (this.hasVerifiedAssertions) return;
    this.hasVerifiedAssertions = true;
    await this.assertions.verify();
    if (this.manifest === null) return;
    for (const { snapId, name, revisions } of this.manifest.snaps) {
      for (const { revision, digest, size } of revisions) {
        const member = snapPath(snapId, revision);
        const subject = { declared: { name, snapId, revision, digest }, sizeBytes: size };
        this.claims.set(member, await this.evidence.claim({ file: this.file.path, member }, subject, digest));
      }
    }
    this.componentClaims = await this.componentEvidence.claims(this.manifest, this.claims);
    await this.propose([
      ...[...this.claims.values()].map(unread),
      ...[...this.componentClaims.values()].map(unreadPart),
    ]);
  }

  private async propose(snaps: readonly ProposedSnap[]): Promise<void> {
    await this.tools.policy.check({ file: this.file.path, signer: this.signature?.signer ?? null, snaps });
  }

  private async content(isHeldAlready: boolean): Promise<VerifiedContent> {
    const { manifest, signature, assertions, evidence, verified: snaps, notes } = this;
    const { components, componentEvidence, pictures } = this;
    if (signature === null) throw new Error('the signature was not judged');
    if (!this.file.isOrdered) notes.push('the layout of this tarball is not known: its channel map was not read');
    if (this.ignoredMembers > 0) notes.push(`${this.ignoredMembers} other files in it were passed over`);
    const checked: ImportChecks = {
      extent: isHeldAlready ? 'manifest' : 'everything',
      manifestSha3_384: this.manifestSha3_384,
      assertions: assertions.summary,
      snaps: sumOf(snaps.map(({ claim }) => claim)),
      components: sumOf(components.map(({ claim }) => claim)),
      media: pictures.checked,
      policyVersion: (await this.tools.policy.inForce())?.version ?? null,
    };
    const carried = { snaps, components, componentEvidence, pictures };
    return { manifest, signature, checked, assertions, evidence, ...carried, notes, isHeldAlready };
  }

  /** The bytes, with progress told as they pass. */
  private told(content: HashableContent): HashableContent {
    if (!('fill' in content)) return this.toldChunks(content);
    return {
      fill: (memory) => {
        this.tell();
        return content.fill(memory);
      },
    };
  }

  private async *toldChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.tell();
      yield chunk;
    }
  }

  private tell(): void {
    const { name, readBytes: done, sizeBytes: total } = this.file;
    this.options.onProgress({ step: `reading ${this.current.member ?? name}`, done, total, unit: 'bytes' });
  }
}

function sumOf(files: readonly { readonly sizeBytes: number }[]): CheckedFiles {
  return { count: files.length, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** What keeps a snap out keeps out its components, which may come without it. */
function unreadPart({ snapName, ...claim }: ComponentClaim): ProposedSnap {
  return { ...claim, name: snapName, contents: null };
}

/** A snap as far as it is known before it has been read. */
function unread(claim: SnapClaim): ProposedSnap {
  return { ...claim, contents: null };
}
