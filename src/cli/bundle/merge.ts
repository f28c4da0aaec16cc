import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';

import {
  AssertionVerifier,
  encodeAssertionStream,
  prerequisites,
  type Assertion,
  type TrustedRoots,
} from '../../formats/assertion/index.js';
import {
  assumptionsOf,
  BundleUnprovenError,
  componentPath,
  mergeManifests,
  newest,
  snapPath,
  writeBundle,
  writeParts,
  type BundleAssertionFile,
  type BundleManifest,
  type DeclaredMember,
  type ManifestSigner,
} from '../../formats/bundle/index.js';
import { SystemClock } from '../../kernel/clock.js';
import { Sha3_384 } from '../../kernel/digest.js';
import { UsageError } from '../cli.errors.js';
import type { ProgressState } from '../progress.js';
import type { OpenBundle } from './bundle-contents.js';
import { componentProblem, snapProblem } from './evidence.js';

export interface MergeOptions {
  readonly output: string;
  readonly roots: TrustedRoots;
  /** Null leaves the merged bundle unsigned. */
  readonly signer: ManifestSigner | null;
  readonly tool: BundleManifest['tool'];
  /** The size of the parts that it is split into; null for one file. */
  readonly partBytes: number | null;
  readonly signal: AbortSignal;
  readonly onProgress: (state: ProgressState) => void;
}

export interface MergeReport {
  readonly files: readonly string[];
  readonly bundleId: string;
  readonly sizeBytes: number;
  /** The key-id; null where it is not signed. */
  readonly signer: string | null;
  readonly from: readonly {
    readonly file: string;
    readonly bundleId: string;
    readonly created: string;
    readonly signer: string | null;
  }[];
  readonly snaps: readonly { readonly name: string; readonly snapId: string; readonly revisions: readonly number[] }[];
  readonly assertions: number;
  readonly assumes: readonly string[];
}

/** Streams are kept small, so that a reader never holds much of one. */
const STREAM_BYTES = 1024 * 1024;

/**
 * Makes one bundle of several. Every digest and every signature in them is checked: assertions before anything is written, the rest
 * while it passes by, each byte read once. Nothing appears at `output` unless all of it holds.
 * @throws BundleConflictError, BundleUnprovenError, and other BundleErrors of the fitting kind
 */
export async function mergeBundles(bundles: readonly OpenBundle[], options: MergeOptions): Promise<MergeReport> {
  await refuseExisting(options.output);
  const assertions = await proven(bundles, options);
  const streams = streamsOf(assertions);
  const manifest = mergeManifests(
    bundles.map(({ file, head }) => ({ file, manifest: head.manifest })),
    {
      id: randomUUID(),
      created: new Date().toISOString().replace(/\.[0-9]+Z$/, 'Z'),
      tool: options.tool,
      assertions: [...streams.values()].map(({ declared }) => declared),
    },
  );
  const parts = await writeParts(merged(bundles, manifest, streams, options), {
    path: options.output,
    bundleId: manifest.id,
    partBytes: options.partBytes ?? Number.MAX_SAFE_INTEGER,
    signal: options.signal,
  });
  return {
    files: parts.map(({ path }) => path),
    bundleId: manifest.id,
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    signer: options.signer?.keyId ?? null,
    from: bundles.map(({ file, head, signer }) => {
      return { file, bundleId: head.manifest.id, created: head.manifest.created, signer };
    }),
    snaps: manifest.snaps
      .map(({ name, snapId, revisions }) => {
        return { name, snapId, revisions: revisions.map(({ revision }) => revision).sort((one, other) => one - other) };
      })
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    assertions: assertions.length,
    assumes: assumptionsOf(manifest),
  };
}

/** All assertions, each once in its newest revision, and every one after those that it needs. */
async function proven(bundles: readonly OpenBundle[], { roots, onProgress }: MergeOptions): Promise<Assertion[]> {
  const verifier = new AssertionVerifier({ roots, clock: new SystemClock() });
  for (const { file, head, assertions } of bundles) {
    onProgress({ step: 'verifying assertions', done: 0, total: assertions.length, unit: 'items' });
    for (const { assertion, error } of await verifier.verify(assertions))
      if (error !== null) throw new BundleUnprovenError({ file, member: assertion.toString() }, error.message);
    checkDeclared(file, head.manifest, assertions);
  }
  const all = newest(bundles.flatMap(({ assertions }) => assertions));
  // What held beside older revisions has to hold beside the newest.
  for (const { assertion, error } of await verifier.verify(all)) {
    const file = bundles.find(({ assertions }) => assertions.includes(assertion))?.file ?? '';
    if (error !== null) throw new BundleUnprovenError({ file, member: assertion.toString() }, error.message);
  }
  return inOrder(all);
}

/** Holds what a manifest declares against what is signed; that the files are what it declares shows when they are read. */
function checkDeclared(file: string, manifest: BundleManifest, holding: readonly Assertion[]): void {
  for (const { snapId, name, revisions, components } of manifest.snaps) {
    for (const { revision, digest, size } of revisions) {
      const problem = snapProblem({ digest, sizeBytes: size, declared: { name, snapId, revision } }, holding);
      if (problem !== null) throw new BundleUnprovenError({ file, member: snapPath(snapId, revision) }, problem);
    }
    for (const { name: component, revision, digest, size } of components) {
      const problem = componentProblem({ snapId, name: component, revision, digest, sizeBytes: size }, holding);
      const member = componentPath(snapId, component, revision);
      if (problem !== null) throw new BundleUnprovenError({ file, member }, problem);
    }
  }
}

/** They hold, so none of them needs itself, by whatever way. */
function inOrder(assertions: readonly Assertion[]): Assertion[] {
  const byId = new Map(assertions.map((assertion) => [assertion.ref.id, assertion]));
  const ordered: Assertion[] = [];
  const stack = [...assertions].reverse().map((assertion) => ({ assertion, isExpanded: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { assertion, isExpanded } = top;
    if (isExpanded) ordered.push(assertion);
    else if (byId.delete(assertion.ref.id)) {
      stack.push({ assertion, isExpanded: true });
      for (const { id } of prerequisites(assertion)) {
        const needed = byId.get(id);
        if (needed !== undefined) stack.push({ assertion: needed, isExpanded: false });
      }
    }
  }
  return ordered;
}

type Streams = ReadonlyMap<string, { readonly declared: BundleAssertionFile; readonly bytes: Buffer }>;

function streamsOf(assertions: readonly Assertion[]): Streams {
  const groups: Assertion[][] = [];
  let size = 0;
  for (const assertion of assertions) {
    if (groups.length === 0 || size > STREAM_BYTES) size = groups.push([]) * 0;
    groups.at(-1)?.push(assertion);
    size += encodeAssertionStream([assertion]).length;
  }
  const streams = groups.map((group, index) => {
    const bytes = encodeAssertionStream(group);
    const path = `assertions/${String(index + 1).padStart(4, '0')}.assert`;
    const digest = Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
    return [path, { declared: { path, digest, size: bytes.length, count: group.length }, bytes }] as const;
  });
  return new Map(streams);
}

/** The bytes of the merged bundle. */
async function* merged(
  bundles: readonly OpenBundle[],
  manifest: BundleManifest,
  streams: Streams,
  options: MergeOptions,
): AsyncGenerator<Uint8Array> {
  const { output, signer, signal } = options;
  yield* writeBundle({
    file: output,
    manifest,
    open: (member) => contentOf(member, bundles, streams, options),
    ...(signer === null ? {} : { signer }),
    signal,
    contentsCheckedBy: 'caller',
  });
  // The bundles end at the same member, and their sums have been checked by then.
  const unread = bundles.find(({ next }) => next !== null);
  if (unread !== undefined) throw new Error(`${unread.next?.path ?? ''} of ${unread.file} was not merged`);
}

async function* contentOf(
  member: DeclaredMember,
  bundles: readonly OpenBundle[],
  streams: Streams,
  options: MergeOptions,
): AsyncGenerator<Uint8Array> {
  const stream = streams.get(member.path);
  if (stream !== undefined) {
    yield stream.bytes;
    return;
  }
  // All of them have their members in the same order, so who has this one has it next.
  const [first, ...others] = bundles.filter(({ next }) => next?.path === member.path);
  if (first === undefined) throw new Error(`no bundle has ${member.path}`);
  yield* taken(first, options);
  for (const other of others) await readThrough(taken(other, options));
}

async function readThrough(bytes: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await bytes.next()).done !== true);
}

/** What comes next in a bundle, checked against its digest. */
async function* taken(bundle: OpenBundle, { signal, onProgress }: MergeOptions): AsyncGenerator<Uint8Array> {
  const blob = bundle.next;
  if (blob === null) throw new Error(`${bundle.file} has ended`);
  const hash = createHash('sha3-384');
  let done = 0;
  for await (const chunk of blob.content) {
    signal.throwIfAborted();
    hash.update(chunk);
    done += chunk.length;
    onProgress({ step: `copying ${blob.path}`, done, total: blob.size, unit: 'bytes' });
    yield chunk;
  }
  blob.confirm(Sha3_384.fromBytes(hash.digest()));
  await bundle.advance();
}

async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (found !== null) throw new UsageError(`${path} is there already`);
}
