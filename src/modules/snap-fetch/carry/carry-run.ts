import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Assertion } from '../../../formats/assertion/index.js';
import {
  type DeclaredMember,
  encodeManifest,
  type ManifestSigner,
  writeBundle,
  writeParts,
} from '../../../formats/bundle/index.js';
import type { Clock } from '../../../kernel/clock.js';
import type { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import type { OnlineStore, StoreDownload } from '../../upstream/index.js';
import type { AssertionChains } from '../assertions/assertion-chains.js';
import type { DownloadCache } from '../download/download-cache.js';
import { Downloads } from '../download/downloads.js';
import { FetchMeter, type FetchProgressListener } from '../download/fetch-meter.js';
import type { FileDownload, WantedFile } from '../download/file-download.js';
import type { TransferLimits } from '../download/transfer.js';
import { inParallel } from '../in-parallel.js';
import type { FetchPlan, PlannedBundle } from '../plan/fetch-plan.js';
import { type BundleContents, composeBundle } from './bundle-contents.js';
import { exportFile, freePath } from './export-file.js';
import { Pictures } from './pictures.js';
import {
  checkComponentFile,
  checkSnapFile,
  componentFileName,
  revisionEvidence,
  snapFileName,
} from './snap-evidence.js';
import { Unfinished } from './unfinished.js';

const SNAPS_AT_A_TIME = 8;
const ENDING = '.tar.gz';

export interface CarryOptions {
  readonly store: OnlineStore;
  /** The folder that bundles are written into; made where it is missing. */
  readonly exportDir: string;
  /** Files that are downloaded at the same time; never more than can be hashed at the same time. */
  readonly jobs: number;
  /** Null: one file each. */
  readonly splitBytes: number | null;
  /** What the bundles say that they were written by. */
  readonly tool: { readonly name: string; readonly version: string };
  readonly onProgress?: FetchProgressListener;
  readonly signal: AbortSignal;
  /** What the cache may keep afterwards. */
  readonly cacheBytes?: number;
  readonly limits?: TransferLimits;
}

/** A bundle that is ready to be carried across. */
export interface CarriedBundle {
  /** The named snap that it was fetched for. */
  readonly name: string;
  readonly bundleId: string;
  /** The file; several where it was split. */
  readonly paths: readonly string[];
  /** Of the whole bundle. */
  readonly sizeBytes: number;
  /** SHA3-384 of its bundle.json, in hex: that holds the digest of everything else in it. */
  readonly manifestSha3_384Hex: string;
  /** The key-id of who signed it; null where nobody did. */
  readonly signer: string | null;
  readonly snaps: readonly { readonly snapId: string; readonly name: string; readonly revisions: readonly number[] }[];
  /** Of its snaps and components: what came over the network for it, and what was there already. */
  readonly bytesDownloaded: number;
  readonly bytesFromCache: number;
  readonly notes: readonly string[];
}

export interface CarryTools {
  readonly cache: DownloadCache;
  readonly workers: HashWorkers;
  readonly clock: Clock;
  readonly signer: ManifestSigner | null;
  readonly chains: AssertionChains;
  readonly unfinished: Unfinished;
}

/** A planned bundle with all that was found out about it before its files are downloaded. */
interface PreparedBundle {
  readonly plan: PlannedBundle;
  readonly contents: BundleContents;
  readonly files: readonly PreparedFile[];
}

interface PreparedFile {
  readonly download: FileDownload;
  /** No bundle before this one has it too. */
  readonly isOwn: boolean;
  /** Holds the file itself against what was said of it. */
  readonly check: () => Promise<void>;
}

interface Proof {
  /** Of each revision and its components, by the revision's file name. */
  readonly provenances: ReadonlyMap<string, string>;
  readonly chain: readonly Assertion[];
}

/** One call of `FetchService.carry`. */
export class CarryRun {
  private readonly created: Date;
  private readonly pictures: Pictures;
  private readonly meter: FetchMeter;
  private readonly downloads: Downloads;

  constructor(
    private readonly options: CarryOptions,
    private readonly tools: CarryTools,
  ) {
    const { store, signal, jobs, limits, onProgress } = options;
    const { cache, workers } = tools;
    this.created = tools.clock.now();
    this.pictures = new Pictures({ store, cache, signal });
    this.meter = new FetchMeter((progress) => onProgress?.(progress));
    this.downloads = new Downloads({ store, cache, workers, meter: this.meter, jobs, signal, limits });
  }

  async carry({ bundles }: FetchPlan): Promise<CarriedBundle[]> {
    noteStep(this.options, 'fetching assertions');
    const proven: { bundle: PlannedBundle; proof: Proof }[] = [];
    for (const bundle of bundles) proven.push({ bundle, proof: await this.prove(bundle) });
    noteStep(this.options, 'fetching pictures');
    await this.pictures.fetch(bundles.flatMap(({ snaps }) => snaps));
    const prepared = proven.map(({ bundle, proof }) => this.prepare(bundle, proof));
    return this.downloads.during(async () => {
      const carried: CarriedBundle[] = [];
      for (const bundle of prepared) carried.push(await this.pack(bundle));
      return carried;
    });
  }

  /** The assertions of a bundle; all of them hold. */
  private async prove(bundle: PlannedBundle): Promise<Proof> {
    const { chains } = this.tools;
    const revisions = bundle.snaps.flatMap((snap) => snap.revisions.map((revision) => ({ snap, revision })));
    const found = await inParallel(revisions, SNAPS_AT_A_TIME, async ({ snap, revision }) => {
      const evidence = await revisionEvidence(chains, snap, revision);
      return { key: snapFileName(snap, revision), evidence };
    });
    const provenances = new Map(found.map(({ key, evidence }) => [key, evidence.provenance]));
    const others = bundle.assertions.map((assertion) => chains.take(assertion));
    const wanted = [...found.flatMap(({ evidence: { assertions } }) => assertions), ...others];
    return { provenances, chain: await chains.proven(bundle.name, wanted) };
  }

  /** Says what is to be downloaded for it, in the order in which the bundle has it. */
  private prepare(plan: PlannedBundle, { provenances, chain }: Proof): PreparedBundle {
    const { created } = this;
    const contents = composeBundle(plan, chain, this.pictures, { id: randomUUID(), created, tool: this.options.tool });
    const files = plan.snaps.flatMap((snap) =>
      snap.revisions.flatMap((revision) => {
        const name = snapFileName(snap, revision);
        const provenance = provenances.get(name) ?? '';
        const file = this.file(name, revision.store.download, (download) =>
          checkSnapFile(download, snap, revision, provenance),
        );
        const components = revision.components
          .filter(({ isAssumed }) => !isAssumed)
          .map((component) =>
            this.file(componentFileName(snap, component), component.store.download, (download) =>
              checkComponentFile(download, snap, component, provenance),
            ),
          );
        return [file, ...components];
      }),
    );
    return { plan, contents, files };
  }

  private file(
    name: string,
    { url, size, digest }: StoreDownload,
    check: (download: FileDownload) => Promise<void>,
  ): PreparedFile {
    const wanted: WantedFile = { name, url, sizeBytes: size, digest };
    const { download, isNew } = this.downloads.add(wanted);
    return { download, isOwn: isNew, check: () => check(download) };
  }

  private async pack(bundle: PreparedBundle): Promise<CarriedBundle> {
    const { plan, contents, files } = bundle;
    const { manifest, notes } = contents;
    const { signer } = this.tools;
    let sizeBytes = 0;
    const paths = await this.write(bundle, (piece) => {
      sizeBytes += piece.length;
    });
    const downloaded = files.filter(({ isOwn }) => isOwn).reduce((sum, one) => sum + one.download.downloadedBytes, 0);
    const total = files.reduce((sum, one) => sum + one.download.wanted.sizeBytes, 0);
    return {
      name: plan.name,
      bundleId: manifest.id,
      paths,
      sizeBytes,
      manifestSha3_384Hex: createHash('sha3-384').update(encodeManifest(manifest)).digest('hex'),
      signer: signer?.keyId ?? null,
      snaps: manifest.snaps.map(({ snapId, name, revisions }) => {
        return { snapId, name, revisions: revisions.map(({ revision }) => revision) };
      }),
      bytesDownloaded: downloaded,
      bytesFromCache: Math.max(0, total - downloaded),
      notes: signer === null ? [...notes, UNSIGNED] : notes,
    };
  }

  /** @returns the paths of what was written */
  private async write(bundle: PreparedBundle, onPiece: (piece: Uint8Array) => void): Promise<string[]> {
    const { exportDir, splitBytes } = this.options;
    const { unfinished } = this.tools;
    const bundleId = bundle.contents.manifest.id;
    await mkdir(exportDir, { recursive: true });
    const path = await freePath(resolve(exportDir), `${bundle.plan.name}-${stampOf(this.created)}`, ENDING);
    const prefix = Unfinished.prefixOf(path, bundleId);
    await unfinished.remember(prefix);
    const bytes = this.bytes(bundle, path, onPiece);
    const paths =
      splitBytes === null ? [path] : await this.writeParts(bytes, { path, bundleId, partBytes: splitBytes });
    if (splitBytes === null) await exportFile(path, `${prefix}partial`, bytes);
    await unfinished.forget();
    return paths;
  }

  private async writeParts(
    bytes: AsyncIterable<Uint8Array>,
    where: { path: string; bundleId: string; partBytes: number },
  ): Promise<string[]> {
    return (await writeParts(bytes, { ...where, signal: this.downloads.signal })).map(({ path }) => path);
  }

  /** The bundle while its files still come. They were hashed on their way; what else is to be checked is at the end of it. */
  private async *bytes(
    { plan, contents, files }: PreparedBundle,
    path: string,
    onPiece: (piece: Uint8Array) => void,
  ): AsyncGenerator<Uint8Array> {
    const { manifest, small } = contents;
    const { signer } = this.tools;
    const byDigest = new Map(files.map(({ download }) => [download.wanted.digest.hex, download]));
    const checks = Promise.all(files.map((file) => this.checked(file)));
    checks.catch((error: unknown) => {
      this.downloads.stop(error);
    });
    const total = files.reduce((sum, one) => sum + one.download.wanted.sizeBytes, 0);
    let done = 0;
    const written = writeBundle({
      file: path,
      manifest,
      open: (member: DeclaredMember) => {
        const download = byDigest.get(member.digest.hex);
        return download?.read() ?? only(small.get(member.digest.hex));
      },
      ...(signer === null ? {} : { signer }),
      signal: this.downloads.signal,
      contentsCheckedBy: 'caller',
      // What is written is on its way to the disk when the next is asked for, and there when the one after it is.
      reusesMemory: true,
    });
    for await (const piece of written) {
      onPiece(piece);
      yield piece;
      done += piece.length;
      this.meter.packed(`packing ${plan.name}`, Math.min(done, total), total);
    }
    await checks;
  }

  private async checked({ download, check }: PreparedFile): Promise<void> {
    await download.done;
    await check();
  }
}

const UNSIGNED =
  'the bundle is not signed, so nothing but its assertions is protected: "generate-keys" makes a key for that';

/** Tells of a step that counts nothing. */
export function noteStep({ onProgress }: CarryOptions, step: string): void {
  onProgress?.({ step, done: 0, total: null, unit: 'items', bytesPerSecond: null, secondsLeft: null });
}

/** `YYYYMMDDTHHMMSS`, in UTC. */
function stampOf(moment: Date): string {
  return moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

async function* only(bytes: Buffer | undefined): AsyncGenerator<Buffer> {
  if (bytes !== undefined) yield await Promise.resolve(bytes);
}
