import { createHash } from 'node:crypto';

import { Sha3_384 } from '../../kernel/digest.js';
import { BundleDamagedError } from './errors.js';
import { storedGzip } from './gzip.js';
import type { BundleManifest } from './manifest.js';
import { encodeManifest } from './manifest-encode.js';
import { declaredMembers, MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH, type DeclaredMember } from './members.js';
import { signDocument, type ManifestSigner } from './signature.js';
import { sumsText, type MemberDigest } from './sums.js';
import { TAR_BLOCK, tarHeader, tarPadding } from './tar-header.js';

export interface WriteBundleOptions {
  /** The file that is being written, for errors. */
  readonly file: string;
  readonly manifest: BundleManifest;
  /** Opens the content of a member when its turn comes. Each piece is read before the next is asked for, and not again. */
  readonly open: (member: DeclaredMember) => AsyncIterable<Uint8Array>;
  /** Signs the manifest; without one the bundle is unsigned. */
  readonly signer?: ManifestSigner;
  readonly signal?: AbortSignal;
  /**
   * Who holds contents against the manifest's digests. `writer` (the default) hashes them as they pass; `caller` has just done
   * so. Sizes are always enforced.
   */
  readonly contentsCheckedBy?: 'writer' | 'caller';
  /** A chunk that is given out is valid only until two more have been asked for. */
  readonly reusesMemory?: boolean;
}

/**
 * The bytes of a bundle: a tar in gzip that only stores, its members in the order of docs/bundle-format.md, without times,
 * owners or anything else that would make equal contents unequal bytes. Reads each member once, at the pace of the reader.
 * @throws BundleManifestInvalidError before the first byte; BundleDamagedError when a content is not what the manifest says
 */
export async function* writeBundle(options: WriteBundleOptions): AsyncGenerator<Buffer> {
  yield* storedGzip(new BundleWriting(options).tar(), { reusesMemory: options.reusesMemory });
}

/** One bundle on its way out. Each piece of a content has been copied when the next is asked for. */
class BundleWriting {
  private readonly sums: MemberDigest[] = [];

  constructor(private readonly options: WriteBundleOptions) {}

  async *tar(): AsyncGenerator<Uint8Array, void, undefined> {
    const { manifest, open, signer } = this.options;
    const manifestBytes = encodeManifest(manifest);
    yield* this.small(MANIFEST_PATH, manifestBytes);
    if (signer !== undefined) yield* this.small(SIGNATURE_PATH, await signDocument(manifestBytes, signer));
    for (const member of declaredMembers(manifest)) {
      yield* this.member(member.path, member.size, this.checked(member, open(member)));
      this.sums.push(member);
    }
    const sums = Buffer.from(sumsText(this.sums));
    yield* this.member(SUMS_PATH, sums.length, only(sums));
    yield Buffer.alloc(2 * TAR_BLOCK);
  }

  private async *small(path: string, bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.member(path, bytes.length, only(bytes));
    this.sums.push({ path, digest: Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest()) });
  }

  private async *member(
    path: string,
    size: number,
    content: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield tarHeader(path, size);
    for await (const piece of content) {
      this.options.signal?.throwIfAborted();
      yield piece;
    }
    yield Buffer.alloc(tarPadding(size));
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
