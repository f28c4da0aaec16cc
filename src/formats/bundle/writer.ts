import { TarArchive, type TarEntryData } from 'archiver';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Stats } from 'node:fs';
import { Readable } from 'node:stream';

import { Sha3_384 } from '../../kernel/digest.js';
import { BundleDamagedError } from './errors.js';
import { storedGzip } from './gzip.js';
import type { BundleManifest } from './manifest.js';
import { encodeManifest } from './manifest-encode.js';
import { declaredMembers, MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH, type DeclaredMember } from './members.js';
import { signManifest, type ManifestSigner } from './signature.js';
import { sumsText, type MemberDigest } from './sums.js';

export interface WriteBundleOptions {
  /** The file that is being written, for errors. */
  readonly file: string;
  readonly manifest: BundleManifest;
  /** Opens the content of a member when its turn comes. */
  readonly open: (member: DeclaredMember) => AsyncIterable<Uint8Array>;
  /** Signs the manifest; without one the bundle is unsigned. */
  readonly signer?: ManifestSigner;
  readonly signal?: AbortSignal;
  /**
   * Who holds contents against the manifest's digests. `writer` (the default) hashes them as they pass; `caller` has just done
   * so. Sizes are always enforced.
   */
  readonly contentsCheckedBy?: 'writer' | 'caller';
}

/**
 * The bytes of a bundle: a tar in gzip that only stores, its members in the order of docs/bundle-format.md, without times,
 * owners or anything else that would make equal contents unequal bytes. Reads each member once, at the pace of the reader.
 * @throws BundleManifestInvalidError before the first byte; BundleDamagedError when a content is not what the manifest says
 */
export async function* writeBundle(options: WriteBundleOptions): AsyncGenerator<Buffer> {
  yield* storedGzip(writeTar(options));
}

/** The one property of a file's status that archiver looks at. */
function sizeOnly(size: number): Stats {
  return Object.assign(Object.create(null) as Stats, { size });
}

async function* writeTar(options: WriteBundleOptions): AsyncGenerator<Uint8Array> {
  const archive = new TarArchive();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const feeding = new Feeding(archive, options, signal).run().catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of archive) yield chunk as Buffer;
    await feeding;
  } finally {
    stop.abort();
    archive.destroy();
  }
}

/** Hands the members to the archive one after the other. */
class Feeding {
  private readonly sums: MemberDigest[] = [];

  constructor(
    private readonly archive: TarArchive,
    private readonly options: WriteBundleOptions,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { manifest, open, signer } = this.options;
    const manifestBytes = encodeManifest(manifest);
    await this.addSmall(MANIFEST_PATH, manifestBytes);
    if (signer !== undefined) await this.addSmall(SIGNATURE_PATH, await signManifest(manifestBytes, signer));
    for (const member of declaredMembers(manifest)) {
      await this.add(member.path, member.size, this.checked(member, open(member)));
      this.sums.push(member);
    }
    const sums = Buffer.from(sumsText(this.sums));
    await this.add(SUMS_PATH, sums.length, sums);
    await this.archive.finalize();
  }

  private async addSmall(path: string, bytes: Buffer): Promise<void> {
    await this.add(path, bytes.length, bytes);
    this.sums.push({ path, digest: Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest()) });
  }

  /** Archiver reads a stream of unknown size into memory; `stats` tells it the size. It does not listen for a source's errors. */
  private async add(path: string, size: number, content: Buffer | AsyncIterable<Uint8Array>): Promise<void> {
    const added = once(this.archive, 'entry', { signal: this.signal });
    const data: TarEntryData = { name: path, date: new Date(0), mode: 0o644 };
    if (Buffer.isBuffer(content)) {
      this.archive.append(content, data);
      await added;
      return;
    }
    const source = Readable.from(content, { objectMode: false, highWaterMark: 1024 * 1024 });
    const failed = new Promise<never>((_resolve, reject) => source.once('error', reject));
    this.archive.append(source, { ...data, stats: sizeOnly(size) });
    try {
      await Promise.race([added, failed]);
    } finally {
      source.destroy();
    }
  }

  private async *checked(member: DeclaredMember, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const place = { file: this.options.file, member: member.path };
    const hash = this.options.contentsCheckedBy === 'caller' ? null : createHash('sha3-384');
    let size = 0;
    for await (const chunk of content) {
      size += chunk.length;
      if (size > member.size) throw new BundleDamagedError(place, `has more than the ${member.size} bytes declared`);
      hash?.update(chunk);
      yield chunk;
    }
    if (size < member.size) throw new BundleDamagedError(place, `has ${size} bytes where ${member.size} were declared`);
    if (hash !== null && !member.digest.equals(Sha3_384.fromBytes(hash.digest()))) {
      throw new BundleDamagedError(place, 'has another SHA3-384 digest than declared');
    }
  }
}
