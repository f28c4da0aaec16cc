import { createHash } from 'node:crypto';

import { Sha3_384 } from '../../kernel/digest.js';
import { BundleDamagedError } from './errors.js';
import { storedGzip } from './gzip.js';
import type { BundleManifest } from './manifest.js';
import { encodeManifest } from './manifest-encode.js';
import { declaredMembers, MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH, type DeclaredMember } from './members.js';
import { signDocument, type ManifestSigner } from './signature.js';
import { sumsText, type MemberDigest } from './sums.js';
import { TarWriter } from './tar-writer.js';

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

async function* writeTar(options: WriteBundleOptions): AsyncGenerator<Uint8Array> {
  const archive = new TarWriter();
  const { signal } = options;
  const onAbort = (): void => {
    archive.destroy(asError(signal?.reason));
  };
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  const feeding = new Feeding(archive, options).run().catch((error: unknown) => {
    archive.destroy(asError(error));
  });
  try {
    yield* archive.bytes;
    await feeding;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    archive.destroy();
  }
}

/** Hands the members to the archive one after the other. */
class Feeding {
  private readonly sums: MemberDigest[] = [];

  constructor(
    private readonly archive: TarWriter,
    private readonly options: WriteBundleOptions,
  ) {}

  async run(): Promise<void> {
    const { manifest, open, signer } = this.options;
    const manifestBytes = encodeManifest(manifest);
    await this.addSmall(MANIFEST_PATH, manifestBytes);
    if (signer !== undefined) await this.addSmall(SIGNATURE_PATH, await signDocument(manifestBytes, signer));
    for (const member of declaredMembers(manifest)) {
      await this.archive.add(member.path, member.size, this.checked(member, open(member)));
      this.sums.push(member);
    }
    const sums = Buffer.from(sumsText(this.sums));
    await this.archive.add(SUMS_PATH, sums.length, only(sums));
    this.archive.finish();
  }

  private async addSmall(path: string, bytes: Buffer): Promise<void> {
    await this.archive.add(path, bytes.length, only(bytes));
    this.sums.push({ path, digest: Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest()) });
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

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
