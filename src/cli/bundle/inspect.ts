import { readFile, stat } from 'node:fs/promises';

import { decodeAssertionStream, type Assertion } from '../../formats/assertion/index.js';
import {
  assumptionsOf,
  BUNDLE_LIMITS,
  BundleTooLargeError,
  missingParts,
  openBytes,
  partNumbers,
  readLooseTar,
  type BundleHead,
  type BundleSource,
  type ImportSource,
  type SplitBundle,
} from '../../formats/bundle/index.js';
import { readHead } from './read-head.js';

/** What a carried file says of itself. Nothing of it has been verified. */
export interface Inspection {
  readonly file: string;
  readonly kind: ImportSource['kind'];
  readonly bundle: BundleIdentity | null;
  readonly snaps: readonly InspectedSnap[];
  readonly assertions: number;
  readonly notes: readonly string[];
}

export interface BundleIdentity {
  readonly format: number;
  readonly id: string;
  readonly created: string;
  readonly tool: string;
  /** The key-id of the manifest's signature, which holds; null where there is none. */
  readonly signer: string | null;
  /** What must be in the store already, such as `core22 revision 1380`. */
  readonly assumes: readonly string[];
}

export interface InspectedSnap {
  readonly name: string | null;
  readonly snapId: string;
  readonly reasons: readonly string[];
  readonly revisions: readonly InspectedRevision[];
  readonly channels: readonly InspectedChannel[];
}

export interface InspectedRevision {
  readonly revision: number;
  readonly version: string | null;
  readonly architectures: readonly string[] | null;
  readonly sizeBytes: number;
  readonly sha3_384: string;
}

export interface InspectedChannel {
  readonly channel: string;
  readonly architecture: string;
  readonly revision: number;
  readonly requested: boolean;
}

/** Looks inside without reading the snaps of a bundle. @throws BundleError, AssertionRefusedError */
export async function inspectSource(source: ImportSource, signal: AbortSignal): Promise<Inspection> {
  switch (source.kind) {
    case 'bundle':
    case 'bundle-folder':
    case 'bundle-parts':
      return inspectHead(source, await readHead(source, signal));
    case 'pair':
      return inspectPair(source);
    case 'loose-tar':
      return inspectLooseTar(source, signal);
  }
}

function inspectHead(source: BundleSource, { manifest, signer }: BundleHead): Inspection {
  return {
    file: source.path,
    kind: source.kind,
    bundle: {
      format: manifest.format,
      id: manifest.id,
      created: manifest.created,
      tool: `${manifest.tool.name} ${manifest.tool.version}`,
      signer: signer?.keyId ?? null,
      assumes: assumptionsOf(manifest),
    },
    snaps: manifest.snaps.map((snap) => ({
      name: snap.name,
      snapId: snap.snapId,
      reasons: snap.reasons.map(({ kind: reason, of }) => (of === null ? reason : `${reason} of ${of}`)),
      revisions: snap.revisions.map(({ revision, version, architectures, size, digest }) => ({
        revision,
        version,
        architectures,
        sizeBytes: size,
        sha3_384: digest.hex,
      })),
      channels: snap.channelMap.map(({ channel, architecture, revision, requested }) => ({
        channel: channel.toString(),
        architecture,
        revision,
        requested,
      })),
    })),
    assertions: manifest.assertions.reduce((sum, { count }) => sum + count, 0),
    notes: source.kind === 'bundle-parts' ? notesOnParts(source) : [],
  };
}

function notesOnParts(split: SplitBundle): string[] {
  const missing = missingParts(split);
  const { total } = split.set;
  return missing.length === 0 ? [`all ${total} parts are here`] : [`${partNumbers(missing, total)} missing`];
}

async function inspectPair(source: Extract<ImportSource, { kind: 'pair' }>): Promise<Inspection> {
  const { size } = await stat(source.assertionsPath);
  if (size > BUNDLE_LIMITS.assertionFileBytes) {
    const place = { file: source.assertionsPath, member: null };
    throw new BundleTooLargeError(place, `is larger than ${BUNDLE_LIMITS.assertionFileBytes} bytes`);
  }
  const assertions = await decodeAssertionStream(await readFile(source.assertionsPath));
  return fromAssertions(source, assertions, []);
}

async function inspectLooseTar(source: ImportSource, signal: AbortSignal): Promise<Inspection> {
  const assertions: Assertion[] = [];
  const ignored: string[] = [];
  for await (const part of readLooseTar(openBytes(source.path), { file: source.path, signal })) {
    if (part.kind === 'assertions') assertions.push(...(await decodeAssertionStream(part.bytes)));
    else if (part.kind === 'ignored') ignored.push(part.path);
  }
  return fromAssertions(source, assertions, [
    'the layout is unknown; only .snap and .assert files in it are read, a channel map is not',
    ...ignored.map((path) => `${path} is not read`),
  ]);
}

/** Without a manifest the assertions say which snaps there are; an assertion may be there twice. */
function fromAssertions({ path, kind }: ImportSource, all: readonly Assertion[], notes: readonly string[]): Inspection {
  const assertions = [...new Map(all.map((assertion) => [assertion.ref.id, assertion])).values()];
  const names = new Map(
    ofType(assertions, 'snap-declaration').map((one) => [one.text('snap-id'), one.text('snap-name')]),
  );
  const revisions = ofType(assertions, 'snap-revision');
  const snapIds = [...new Set(revisions.map((one) => one.text('snap-id')))];
  return {
    file: path,
    kind,
    bundle: null,
    snaps: snapIds.map((snapId) => ({
      name: names.get(snapId) ?? null,
      snapId,
      reasons: [],
      revisions: revisions.filter((one) => one.text('snap-id') === snapId).map(revisionOf),
      channels: [],
    })),
    assertions: assertions.length,
    notes,
  };
}

function ofType(assertions: readonly Assertion[], type: string): Assertion[] {
  return assertions.filter((assertion) => assertion.type.name === type);
}

function revisionOf(assertion: Assertion): InspectedRevision {
  return {
    revision: Number(assertion.text('snap-revision')),
    version: null,
    architectures: null,
    sizeBytes: Number(assertion.text('snap-size')),
    sha3_384: Buffer.from(assertion.text('snap-sha3-384'), 'base64url').toString('hex'),
  };
}
