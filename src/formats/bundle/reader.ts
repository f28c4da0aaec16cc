import { createHash } from 'node:crypto';

import { Sha3_384 } from '../../kernel/digest.js';
import { messageOf, StoreError } from '../../kernel/store-error.js';
import {
  BundleDamagedError,
  BundleIncompleteError,
  BundleMemberRefusedError,
  BundleTooLargeError,
  BundleUnreadableError,
} from './errors.js';
import { gunzipped, isGzip } from './gunzip.js';
import { BUNDLE_LIMITS, type BundleLimits } from './limits.js';
import type { BundleAssertionFile, BundleManifest } from './manifest.js';
import { parseManifest } from './manifest-parse.js';
import { declaredMembers, MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH, type DeclaredMember } from './members.js';
import { verifyManifestSignature, type BundleSigner } from './signature.js';
import { collect, peeked } from './streams.js';
import { checkSums, sumsSize, type MemberDigest } from './sums.js';
import { tarBytes, TarReader } from './tar.js';

export interface ReadBundleOptions {
  /** The file as the operator named it; every error says it. */
  readonly file: string;
  readonly signal?: AbortSignal;
  readonly limits?: BundleLimits;
  /**
   * Who holds the digests of snaps, components and media against the manifest. `consumer` (the default): the consumer hashes
   * and calls `confirm` on each, else reading fails at the end. `nobody`: for a look inside; damage may pass.
   */
  readonly blobsCheckedBy?: 'consumer' | 'nobody';
}

/** What a bundle yields, in this order: the head once, assertion streams, then snaps, components and media. */
export type BundlePart = BundleHead | BundleAssertions | BundleBlob;

export interface BundleHead {
  readonly kind: 'head';
  readonly manifest: BundleManifest;
  /** The exact bytes that were signed. */
  readonly manifestBytes: Buffer;
  /** Whose signature over these bytes was checked and holds; null when there is none. Whether they are known is not said. */
  readonly signer: BundleSigner | null;
}

/** An assertion stream, complete and matching its declared digest; not parsed. */
export interface BundleAssertions {
  readonly kind: 'assertions';
  readonly path: string;
  readonly declared: BundleAssertionFile;
  readonly bytes: Buffer;
}

/** A large member, to be consumed while it passes by; never in memory as a whole. */
export type BundleBlob = Exclude<DeclaredMember, { readonly kind: 'assertions' }> & {
  /** Exactly `size` bytes. Read once, before the next part is asked for; what is left unread is then thrown away. */
  readonly content: AsyncIterable<Uint8Array>;
  /**
   * Says what the content hashed to.
   * @throws BundleDamagedError unless that is what the manifest declares
   */
  readonly confirm: (digest: Sha3_384) => void;
};

/** Something that gives a bundle's members in order: an archive, or the folder that one was unpacked into. */
export interface MemberSource {
  /** The next member. `wanted` are the paths that may come now; a folder gives the first of them that it has. Null when there is no further member. */
  next(wanted: readonly string[]): Promise<SourceMember | null>;
  /** Called once, when it is known how large the members after the manifest may be. */
  expect(members: readonly DeclaredMember[]): Promise<void>;
  close(): Promise<void>;
}

export interface SourceMember {
  readonly path: string;
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Reads a bundle from its bytes (gzip of any level, or plain tar), strictly and in one pass: the first thing that is not as
 * docs/bundle-format.md says ends it with an error that names file, member and reason. Nothing that was yielded before is
 * safe to publish until the iteration has ended: only then are all members there and the sums checked.
 * @throws BundleError of the fitting kind; the signal's reason when aborted
 */
export async function* readBundle(
  bytes: AsyncIterable<Uint8Array>,
  options: ReadBundleOptions,
): AsyncGenerator<BundlePart, void> {
  yield* readMembers(await openArchive(bytes, options), options);
}

/** As `readBundle`, from any source of members. */
export async function* readMembers(source: MemberSource, options: ReadBundleOptions): AsyncGenerator<BundlePart, void> {
  try {
    yield* new BundleReading(source, options).parts();
  } finally {
    await source.close();
  }
}

/** Room for the head, before it is known what else there is: manifest, signature, and what is read ahead of them. */
function headAllowance(limits: BundleLimits): number {
  return limits.manifestBytes + limits.signatureBytes + 8 * 1024 * 1024;
}

async function openArchive(bytes: AsyncIterable<Uint8Array>, options: ReadBundleOptions): Promise<MemberSource> {
  const { file, signal, limits = BUNDLE_LIMITS } = options;
  const { start, all } = await peeked(readable(bytes, options), 3);
  const tar: TarReader = new TarReader(isGzip(start) ? gunzipped(all, () => tar.place) : all, {
    file,
    policy: 'exact',
    allowance: headAllowance(limits),
    signal,
  });
  return {
    next: () => tar.next(),
    expect: (members) => {
      const sumsBytes = (members.length + 2) * 256;
      tar.allow(tarBytes([limits.signatureBytes, ...members.map(({ size }) => size), sumsBytes]));
      return Promise.resolve();
    },
    close: () => {
      tar.close();
      return Promise.resolve();
    },
  };
}

/** Turns what the file system says into an error that names the file. */
export async function* readable(
  bytes: AsyncIterable<Uint8Array>,
  { file, signal }: Pick<ReadBundleOptions, 'file' | 'signal'>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    if (cause instanceof StoreError || signal?.aborted === true) throw cause;
    throw new BundleUnreadableError({ file, member: null }, `cannot be read: ${messageOf(cause)}`, { cause });
  }
}

class BundleReading {
  private readonly file: string;
  private readonly limits: BundleLimits;
  private readonly sums: MemberDigest[] = [];
  private readonly unconfirmed = new Set<string>();
  private declared: ReadonlySet<string> = new Set([MANIFEST_PATH, SIGNATURE_PATH, SUMS_PATH]);
  private lookedAhead: SourceMember | null = null;

  constructor(
    private readonly source: MemberSource,
    private readonly options: ReadBundleOptions,
  ) {
    this.file = options.file;
    this.limits = options.limits ?? BUNDLE_LIMITS;
  }

  async *parts(): AsyncGenerator<BundlePart, void> {
    const manifestBytes = await this.manifestBytes();
    const manifest = parseManifest(manifestBytes, this.file, this.limits);
    const members = declaredMembers(manifest);
    this.declared = new Set([...this.declared, ...members.map(({ path }) => path)]);
    this.checkTotal(members);
    await this.source.expect(members);
    const signer = await this.signer(manifestBytes, members[0]?.path ?? SUMS_PATH);
    yield { kind: 'head', manifest, manifestBytes, signer };
    for (const member of members) {
      const found = await this.take(member.path);
      if (found.size !== member.size) throw this.wrongSize(found, member.size);
      yield member.kind === 'assertions' ? await this.assertions(found, member) : this.blob(found, member);
      this.sums.push(member);
    }
    await this.end();
  }

  private async manifestBytes(): Promise<Buffer> {
    const found = await this.source.next([MANIFEST_PATH]);
    if (found === null) throw this.missing(MANIFEST_PATH);
    if (found.path !== MANIFEST_PATH)
      throw this.refused(found.path, `comes first; a bundle starts with ${MANIFEST_PATH}`);
    return this.small(found, this.limits.manifestBytes);
  }

  private async signer(manifestBytes: Buffer, following: string): Promise<BundleSigner | null> {
    const found = await this.source.next([SIGNATURE_PATH, following]);
    if (found?.path !== SIGNATURE_PATH) {
      this.lookedAhead = found;
      return null;
    }
    return verifyManifestSignature(manifestBytes, await this.small(found, this.limits.signatureBytes), this.file);
  }

  private async assertions(
    found: SourceMember,
    member: Extract<DeclaredMember, { kind: 'assertions' }>,
  ): Promise<BundleAssertions> {
    const bytes = await collect(found.content);
    checkDigest(member, digestOf(bytes), this.file);
    return { kind: 'assertions', path: member.path, declared: member.declared, bytes };
  }

  private blob(found: SourceMember, member: Exclude<DeclaredMember, { kind: 'assertions' }>): BundleBlob {
    this.unconfirmed.add(member.path);
    const confirm = (digest: Sha3_384): void => {
      checkDigest(member, digest, this.file);
      this.unconfirmed.delete(member.path);
    };
    return { ...member, content: found.content, confirm };
  }

  private async end(): Promise<void> {
    const found = await this.take(SUMS_PATH);
    const size = sumsSize(this.sums);
    if (found.size !== size) throw this.wrongSize(found, size);
    checkSums(await collect(found.content), this.sums, this.file);
    const extra = await this.source.next([]);
    if (extra !== null) throw this.refused(extra.path, this.reasonAgainst(extra.path, null));
    const [forgotten] = this.unconfirmed;
    if (forgotten !== undefined && this.options.blobsCheckedBy !== 'nobody') {
      throw new Error(`the digest of ${forgotten} in ${this.file} was never confirmed`);
    }
  }

  /** The member that must come now. */
  private async take(path: string): Promise<SourceMember> {
    const found = this.lookedAhead ?? (await this.source.next([path]));
    this.lookedAhead = null;
    if (found?.path === path) return found;
    if (found === null || found.path === SUMS_PATH) throw this.missing(path);
    throw this.refused(found.path, this.reasonAgainst(found.path, path));
  }

  /** A small member's bytes; its digest is remembered for the sums. */
  private async small(found: SourceMember, limit: number): Promise<Buffer> {
    if (found.size > limit) {
      throw new BundleTooLargeError({ file: this.file, member: found.path }, `is larger than ${limit} bytes`);
    }
    const bytes = await collect(found.content);
    this.sums.push({ path: found.path, digest: digestOf(bytes) });
    return bytes;
  }

  private checkTotal(members: readonly DeclaredMember[]): void {
    const total = members.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.limits.totalBytes) return;
    throw new BundleTooLargeError(
      { file: this.file, member: MANIFEST_PATH },
      `declares ${total} bytes; at most ${this.limits.totalBytes} are allowed`,
    );
  }

  private reasonAgainst(path: string, expected: string | null): string {
    if (this.sums.some((member) => member.path === path) || path === SUMS_PATH) return 'is there twice';
    if (!this.declared.has(path)) return `is not declared in ${MANIFEST_PATH}`;
    if (expected === null) return `comes after ${SUMS_PATH}, which ends a bundle`;
    return `comes where ${expected} should be, which is missing or out of order`;
  }

  private refused(member: string, reason: string): BundleMemberRefusedError {
    return new BundleMemberRefusedError({ file: this.file, member }, reason);
  }

  private missing(member: string): BundleIncompleteError {
    return new BundleIncompleteError({ file: this.file, member }, 'is missing');
  }

  private wrongSize(found: SourceMember, size: number): BundleDamagedError {
    return new BundleDamagedError(
      { file: this.file, member: found.path },
      `has ${found.size} bytes where ${size} were declared`,
    );
  }
}

function digestOf(bytes: Uint8Array): Sha3_384 {
  return Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
}

function checkDigest(member: DeclaredMember, digest: Sha3_384, file: string): void {
  if (member.digest.equals(digest)) return;
  throw new BundleDamagedError(
    { file, member: member.path },
    `has the SHA3-384 digest ${digest.hex} where ${member.digest.hex} was declared`,
  );
}
