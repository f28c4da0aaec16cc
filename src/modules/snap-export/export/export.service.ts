import { createHash, randomUUID } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';

import { type DeclaredMember, writeBundle, writeParts, type WrittenPart } from '../../../formats/bundle/index.js';
import { Clock } from '../../../kernel/clock.js';
import { AssertionService, TrustedRootsService } from '../../assertions/index.js';
import { BlobReader } from '../../blobs/index.js';
import { HeldSnapsService } from '../../catalog/index.js';
import { SigningService } from '../../keys/index.js';
import { type BundleContents, composeBundle } from './bundle-contents.js';
import { SnapNotExportableError } from './export.errors.js';
import { type ExportPlan, planExport, type PlannedExport } from './export-plan.js';
import type { ExportRequest } from './export-request.js';
import { selectExport } from './export-selection.js';

export interface ExportOptions {
  /** Absolute, and there. */
  readonly exportDir: string;
  /** The size of every part but the last; null for one file. */
  readonly partBytes: number | null;
  readonly tool: { readonly name: string; readonly version: string };
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ExportProgress) => void;
}

export interface ExportProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes';
}

export interface ExportedBundle {
  readonly name: string;
  readonly bundleId: string;
  /** One, unless it was split. */
  readonly files: readonly WrittenPart[];
  /** Of the bundle, all parts together. */
  readonly sizeBytes: number;
  /** Of the bundle, all parts together: what `sha256sum` prints. */
  readonly sha256: string;
  /** Who signed it; null where the store has no key to sign with. */
  readonly signer: string | null;
}

/** Carries held snaps on to another store: as bundles, like those that the connected side makes. */
@Injectable()
export class ExportService {
  constructor(
    private readonly snaps: HeldSnapsService,
    private readonly assertions: AssertionService,
    private readonly trustedRoots: TrustedRootsService,
    private readonly blobs: BlobReader,
    private readonly signing: SigningService,
    private readonly clock: Clock,
  ) {}

  /**
   * What would be written, without writing it.
   * @throws SnapNotHeldError, RevisionNotHeldError, ChannelNotOpenError, NothingToExportError, InvalidChannelError
   * @throws SnapNotExportableError where a file is missing or damaged
   */
  async plan(request: ExportRequest): Promise<ExportPlan> {
    const needsOf = this.snaps.needsOf.bind(this.snaps);
    const selection = await selectExport(await this.snaps.all(), needsOf, request);
    const plan = planExport(selection, request.since);
    for (const bundle of plan.bundles) await this.requireFiles(bundle);
    return plan;
  }

  /**
   * Writes one file of a plan; it appears under its name when it is whole and on the disk, or not at all.
   * @throws SnapNotExportableError; BundleDamagedError where a file is not what its digest says; TooManyPartsError; what the file
   * system throws; the signal's reason when aborted
   */
  async write(plan: PlannedExport, options: ExportOptions): Promise<ExportedBundle> {
    const { exportDir, partBytes, tool, signal } = options;
    const id = randomUUID();
    const created = `${this.clock.now().toISOString().slice(0, 19)}Z`;
    const roots = await this.trustedRoots.current();
    const contents = await composeBundle(plan, this.assertions, roots, { id, created, tool });
    const path = await freePath(exportDir, `${plan.name}-${created.replace(/[-:Z]/g, '')}`);
    const signer = await this.signing.manifestSigner();
    const passing = new Passing(totalOf(contents), plan.name, options.onProgress);
    const bytes = writeBundle({
      file: path,
      manifest: contents.manifest,
      open: (member) => this.open(member, contents),
      signal,
      ...(signer === null ? {} : { signer }),
    });
    const files = await writeParts(passing.through(bytes), {
      path,
      bundleId: id,
      partBytes: partBytes ?? Number.MAX_SAFE_INTEGER,
      signal,
    });
    const { sizeBytes, sha256 } = passing;
    return { name: plan.name, bundleId: id, files, sizeBytes, sha256, signer: signer?.keyId ?? null };
  }

  private async requireFiles({ snaps, media }: PlannedExport): Promise<void> {
    const files = [
      ...snaps.flatMap(({ held: { name }, revisions, components }) => [
        ...revisions.map((one) => ({ what: `revision ${one.revision} of ${name}`, sha3_384: one.sha3_384 })),
        ...components.map((one) => ({ what: `${name}+${one.name} ${one.revision}`, sha3_384: one.sha3_384 })),
      ]),
      ...media.map((one) => ({ what: `the ${one.type} ${one['sha3-384']}`, sha3_384: one['sha3-384'] })),
    ];
    for (const { what, sha3_384 } of files) {
      if ((await this.blobs.find(sha3_384)) === null)
        throw new SnapNotExportableError(what, 'its file is missing or damaged');
    }
  }

  private async *open(member: DeclaredMember, { streams }: BundleContents): AsyncGenerator<Uint8Array> {
    if (member.kind === 'assertions') {
      const stream = streams.find(({ path }) => path === member.path);
      if (stream !== undefined) yield stream.bytes;
      return;
    }
    const blob = await this.blobs.find(member.digest.hex);
    if (blob === null) throw new SnapNotExportableError(member.path, 'its file was removed meanwhile');
    yield* blob.createReadStream();
  }
}

/** What is seen of a bundle's bytes on their way to the disk. */
class Passing {
  sizeBytes = 0;
  private readonly hash = createHash('sha256');

  constructor(
    private readonly total: number,
    private readonly name: string,
    private readonly onProgress: (progress: ExportProgress) => void,
  ) {}

  get sha256(): string {
    return this.hash.copy().digest('hex');
  }

  async *through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.hash.update(chunk);
      this.sizeBytes += chunk.length;
      const done = Math.min(this.sizeBytes, this.total);
      this.onProgress({ step: `writing ${this.name}`, done, total: this.total, unit: 'bytes' });
      yield chunk;
    }
  }
}

/** Of all members that are large. */
function totalOf({ manifest }: BundleContents): number {
  const sizes = manifest.snaps.flatMap(({ revisions, components }) => [...revisions, ...components]);
  return [...sizes, ...manifest.media, ...manifest.assertions].reduce((sum, { size }) => sum + size, 0);
}

/** Nothing that is there is written over. */
async function freePath(folder: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}.tar.gz`);
    if (
      !(await access(path).then(
        () => true,
        () => false,
      ))
    )
      return path;
  }
}
