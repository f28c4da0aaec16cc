import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import {
  declaredMembers,
  ed25519Signer,
  encodeManifest,
  MANIFEST_PATH,
  mediaPath,
  NOTHING_ASSUMED,
  SIGNATURE_PATH,
  snapPath,
  componentPath,
  SUMS_PATH,
  writeBundle,
  type BundleAssumptions,
  type BundleComponent,
  type BundleManifest,
  type BundleMediaType,
  type BundleReason,
  type BundleRelease,
  type BundleRevision,
  type BundleSnapMetadata,
  type ManifestSigner,
} from '../../src/formats/bundle/index.js';
import { Channel } from '../../src/kernel/channel.js';
import { Sha3_384 } from '../../src/kernel/digest.js';

/** A bundle before it is packed: what it says, and the content of every member that it declares. */
export interface TestBundle {
  readonly manifest: BundleManifest;
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly signer: ManifestSigner | null;
}

export interface TestSnap {
  readonly name: string;
  readonly snapId: string;
  readonly revisions: readonly (Partial<BundleRevision> & {
    readonly revision: number;
    readonly content: Buffer;
    /** Channels that it was fetched from, on each of its architectures. */
    readonly channels?: readonly string[];
  })[];
  readonly components?: readonly (Partial<BundleComponent> & {
    readonly name: string;
    readonly revision: number;
    readonly content: Buffer;
  })[];
  /** Instead of what the revisions' `channels` say. */
  readonly channelMap?: readonly BundleRelease[];
  readonly metadata?: BundleSnapMetadata;
  readonly reasons?: readonly BundleReason[];
  readonly defaultTrack?: string;
}

export interface TestBundlePieces {
  readonly snaps: readonly TestSnap[];
  /** Streams in prerequisite order. `count` defaults to the number of `type:` headers. */
  readonly assertions?: readonly { readonly name: string; readonly bytes: Buffer; readonly count?: number }[];
  readonly media?: readonly { readonly bytes: Buffer; readonly contentType: BundleMediaType }[];
  readonly assumes?: BundleAssumptions;
  readonly id?: string;
  readonly created?: string;
  readonly signer?: ManifestSigner;
}

export function sha3(bytes: Uint8Array): Sha3_384 {
  return Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
}

/** A fresh Ed25519 signer, known to nobody. */
export function newSigner(): ManifestSigner {
  return ed25519Signer(generateKeyPairSync('ed25519').privateKey);
}

/** Puts a bundle together out of files; digests and sizes are theirs. */
export function testBundle(pieces: TestBundlePieces): TestBundle {
  const contents = new Map<string, Buffer>();
  const snaps = pieces.snaps.map((snap) => {
    const revisions = snap.revisions.map(({ content, channels: _channels, ...given }) => {
      contents.set(snapPath(snap.snapId, given.revision), content);
      const found = { digest: sha3(content), size: content.length, version: '1.0', architectures: ['amd64'] as const };
      return { ...found, createdAt: null, components: [], ...given };
    });
    const components = (snap.components ?? []).map(({ content, ...given }) => {
      contents.set(componentPath(snap.snapId, given.name, given.revision), content);
      const found = { digest: sha3(content), size: content.length, type: 'standard', version: null, createdAt: null };
      return { ...found, ...given };
    });
    return {
      snapId: snap.snapId,
      name: snap.name,
      defaultTrack: snap.defaultTrack ?? null,
      reasons: snap.reasons ?? [{ kind: 'requested', of: null }],
      channelMap: snap.channelMap ?? fetchedChannels(snap),
      metadata: snap.metadata ?? null,
      revisions,
      components,
    };
  });
  const media = (pieces.media ?? []).map(({ bytes, contentType }) => {
    contents.set(mediaPath(sha3(bytes)), bytes);
    return { digest: sha3(bytes), size: bytes.length, contentType };
  });
  const assertions = (pieces.assertions ?? []).map(({ name, bytes, count }) => {
    const path = `assertions/${name}.assert`;
    contents.set(path, bytes);
    const counted = bytes.toString('latin1').split(/^type: /m).length - 1;
    return { path, digest: sha3(bytes), size: bytes.length, count: count ?? Math.max(1, counted) };
  });
  const manifest: BundleManifest = {
    format: 1,
    requires: [],
    id: pieces.id ?? randomUUID(),
    created: pieces.created ?? '2026-01-02T03:04:05Z',
    tool: { name: 'snap-store-proxy', version: '0.0.0-test' },
    snaps,
    media,
    assertions,
    assumes: pieces.assumes ?? NOTHING_ASSUMED,
  };
  return { manifest, contents, signer: pieces.signer ?? null };
}

/** The bundle's file, as the project's own writer makes it. */
export async function packBundle(bundle: TestBundle, file = 'test.tar.gz'): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const signer = bundle.signer === null ? {} : { signer: bundle.signer };
  const open = ({ path }: { path: string }): AsyncIterable<Uint8Array> => oneChunk(contentOf(bundle, path));
  for await (const chunk of writeBundle({ file, manifest: bundle.manifest, open, ...signer })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bundle's members one by one, to be rearranged or damaged before they are packed by hand. */
export async function membersOf(bundle: TestBundle): Promise<NamedMember[]> {
  const manifestBytes = encodeManifest(bundle.manifest);
  const members: NamedMember[] = [{ path: MANIFEST_PATH, content: manifestBytes }];
  if (bundle.signer !== null) {
    members.push({ path: SIGNATURE_PATH, content: await signatureFile(manifestBytes, bundle.signer) });
  }
  for (const { path } of declaredMembers(bundle.manifest)) members.push({ path, content: contentOf(bundle, path) });
  return [...members, sumsOf(members)];
}

export interface NamedMember {
  readonly path: string;
  readonly content: Buffer;
}

/** SHA3-384SUMS of these members. */
export function sumsOf(members: readonly NamedMember[]): NamedMember {
  const lines = members.map(({ path, content }) => `${sha3(content).hex}  ${path}\n`);
  return { path: SUMS_PATH, content: Buffer.from(lines.join('')) };
}

/** bundle.json.sig, spelled out here so that the specification is held against it and not the code. */
export async function signatureFile(manifestBytes: Buffer, signer: ManifestSigner): Promise<Buffer> {
  const signature = await signer.sign(manifestBytes);
  const [publicKey, text] = [signer.publicKey.toString('base64'), signature.toString('base64')];
  return Buffer.from(
    `{"algorithm":"ed25519","key-id":"${signer.keyId}","public-key":"${publicKey}","signature":"${text}"}\n`,
  );
}

/** Writes the members into a folder, as unpacking would. */
export async function unpackBundle(bundle: TestBundle, folder: string): Promise<void> {
  for (const { path, content } of await membersOf(bundle)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** One snap with two assertion streams, an icon and metadata: a kilobyte or so, whose contents mean nothing. */
export function smallBundle(signer: ManifestSigner | null = newSigner()): TestBundle {
  const icon = Buffer.from('\x89PNG not really', 'latin1');
  return testBundle({
    id: '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11',
    snaps: [
      {
        name: 'jq',
        snapId: 'j'.repeat(32),
        revisions: [
          { revision: 6, content: Buffer.from('hsqs six '.repeat(70)), channels: ['latest/stable', 'latest/edge'] },
          { revision: 7, content: Buffer.from('hsqs seven '.repeat(60)), channels: ['latest/beta'] },
        ],
        metadata: plainMetadata({
          title: 'jq – Ünïcode',
          media: [{ type: 'icon', digest: sha3(icon), width: 64, height: 64 }],
        }),
      },
    ],
    assertions: [
      { name: '0001-keys', bytes: Buffer.from('type: account-key\n\nsignature\n') },
      { name: '0002-jq', bytes: Buffer.from('type: snap-declaration\n\nsignature\n') },
    ],
    media: [{ bytes: icon, contentType: 'image/png' }],
    ...(signer === null ? {} : { signer }),
  });
}

export function plainMetadata(given: Partial<BundleSnapMetadata> = {}): BundleSnapMetadata {
  const texts = { title: null, summary: null, description: null, license: null, website: null, contact: null };
  return { ...texts, storeUrl: null, links: {}, categories: [], private: false, publisher: null, media: [], ...given };
}

export function gzipped(bytes: Buffer, level = 0): Buffer {
  return gzipSync(bytes, { level });
}

/** A stream of these bytes in chunks of this size. */
export async function* inChunks(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
    await Promise.resolve();
  }
}

function fetchedChannels(snap: TestSnap): BundleRelease[] {
  return snap.revisions.flatMap(({ revision, architectures = ['amd64'], channels = [] }) =>
    channels.flatMap((channel) =>
      architectures.map((architecture) => {
        return { architecture, channel: Channel.parse(channel), revision, releasedAt: null, requested: true };
      }),
    ),
  );
}

function contentOf(bundle: TestBundle, path: string): Buffer {
  const content = bundle.contents.get(path);
  if (content === undefined) throw new Error(`the test bundle has no content for ${path}`);
  return content;
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
