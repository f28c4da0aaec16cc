import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import {
  AssertionVerifier,
  decodeAssertionStream,
  type Assertion,
  type TrustedRoots,
} from '../../formats/assertion/index.js';
import {
  BUNDLE_LIMITS,
  BundleTooLargeError,
  checkPartsComplete,
  openBytes,
  readBundleSource,
  readLooseTar,
  type BundlePart,
  type ImportSource,
} from '../../formats/bundle/index.js';
import { SystemClock } from '../../kernel/clock.js';
import { Sha3_384 } from '../../kernel/digest.js';
import type { ProgressState } from '../progress.js';
import { componentProblem, snapProblem, type ComponentSubject, type SnapSubject } from './evidence.js';

/** What was found about one thing in a carried file. */
export interface Finding {
  /** `type/primary-key` of an assertion, or a member's path. */
  readonly subject: string;
  /** Null is: it holds. */
  readonly problem: string | null;
}

export interface Verification {
  readonly file: string;
  readonly kind: ImportSource['kind'];
  /** The key-id of the manifest's signature, which holds; null where there is none. */
  readonly signer: string | null;
  readonly findings: readonly Finding[];
}

interface HashedSnap extends SnapSubject {
  readonly path: string;
}

interface HashedComponent extends ComponentSubject {
  readonly path: string;
}

const MAX_ASSERTIONS = 50_000;

/**
 * Holds every digest and every signature in a carried file against each other and the trusted roots, as an import would, but
 * without a store: what an incremental bundle counts on is not there to look at.
 * @throws BundleError where the file itself is damaged; AssertionRefusedError where an assertion does not parse
 */
export async function verifySource(
  source: ImportSource,
  roots: TrustedRoots,
  signal: AbortSignal,
  onProgress: (state: ProgressState) => void,
): Promise<Verification> {
  const contents = await new Contents(source, signal, onProgress).read();
  onProgress({ step: 'verifying assertions', done: 0, total: contents.assertions.length, unit: 'items' });
  const verdicts = await new AssertionVerifier({ roots, clock: new SystemClock() }).verify(contents.assertions);
  const holding = verdicts.filter(({ error }) => error === null).map(({ assertion }) => assertion);
  return {
    file: source.path,
    kind: source.kind,
    signer: contents.signer,
    findings: [
      ...verdicts.map(({ assertion, error }) => {
        const subject = assertion.toString();
        return { subject, problem: error && sentenceAbout(subject, error) };
      }),
      ...contents.snaps.map((snap) => ({ subject: snap.path, problem: snapProblem(snap, holding) })),
      ...contents.components.map((one) => ({ subject: one.path, problem: componentProblem(one, holding) })),
    ],
  };
}

/** All that is in a carried file, read once; of the snaps, only their digests stay. */
class Contents {
  readonly assertions: Assertion[] = [];
  readonly snaps: HashedSnap[] = [];
  readonly components: HashedComponent[] = [];
  signer: string | null = null;

  constructor(
    private readonly source: ImportSource,
    private readonly signal: AbortSignal,
    private readonly onProgress: (state: ProgressState) => void,
  ) {}

  async read(): Promise<this> {
    const { source, signal } = this;
    switch (source.kind) {
      case 'bundle-parts':
        checkPartsComplete(source);
        await this.readParts(readBundleSource(source, { signal }));
        break;
      case 'bundle':
      case 'bundle-folder':
        await this.readParts(readBundleSource(source, { signal }));
        break;
      case 'loose-tar':
        await this.readLoose();
        break;
      case 'pair': {
        const { size } = await stat(source.assertionsPath);
        this.checkSize(source.assertionsPath, size);
        await this.addAssertions(source.assertionsPath, await readFile(source.assertionsPath));
        await this.addSnap(source.path, openBytes(source.path), (await stat(source.path)).size, null);
      }
    }
    return this;
  }

  private async readParts(parts: AsyncIterable<BundlePart>): Promise<void> {
    for await (const part of parts) {
      switch (part.kind) {
        case 'head':
          this.signer = part.signer?.keyId ?? null;
          break;
        case 'assertions':
          await this.addAssertions(part.path, part.bytes);
          break;
        case 'snap': {
          const { name, snapId } = part.snap;
          const declared = { name, snapId, revision: part.declared.revision };
          part.confirm(await this.addSnap(part.path, part.content, part.size, declared));
          break;
        }
        case 'component': {
          const hashed = await this.hash(part.path, part.content, part.size);
          part.confirm(hashed.digest);
          const { name, revision } = part.declared;
          this.components.push({ path: part.path, snapId: part.snap.snapId, name, revision, ...hashed });
          break;
        }
        case 'media':
          part.confirm((await this.hash(part.path, part.content, part.size)).digest);
      }
    }
  }

  private async readLoose(): Promise<void> {
    const { path: file } = this.source;
    for await (const part of readLooseTar(openBytes(file), { file, signal: this.signal })) {
      if (part.kind === 'assertions') await this.addAssertions(part.path, part.bytes);
      else if (part.kind === 'snap') await this.addSnap(part.path, part.content, part.size, null);
    }
  }

  private async addAssertions(path: string, bytes: Uint8Array): Promise<void> {
    this.assertions.push(...(await decodeAssertionStream(bytes)));
    if (this.assertions.length <= MAX_ASSERTIONS) return;
    const place = { file: this.source.path, member: path };
    throw new BundleTooLargeError(place, `holds more than the ${MAX_ASSERTIONS} assertions that a file may have`);
  }

  private async addSnap(
    path: string,
    content: AsyncIterable<Uint8Array>,
    size: number,
    declared: HashedSnap['declared'],
  ): Promise<Sha3_384> {
    const hashed = await this.hash(path, content, size);
    this.snaps.push({ path, declared, ...hashed });
    return hashed.digest;
  }

  private async hash(path: string, content: AsyncIterable<Uint8Array>, size: number) {
    const hash = createHash('sha3-384');
    let sizeBytes = 0;
    for await (const chunk of content) {
      this.signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      this.onProgress({
        step: path === this.source.path ? 'reading' : `reading ${path}`,
        done: sizeBytes,
        total: size,
        unit: 'bytes',
      });
    }
    return { digest: Sha3_384.fromBytes(hash.digest()), sizeBytes };
  }

  private checkSize(path: string, size: number): void {
    if (size <= BUNDLE_LIMITS.assertionFileBytes) return;
    throw new BundleTooLargeError(
      { file: path, member: null },
      `is larger than ${BUNDLE_LIMITS.assertionFileBytes} bytes`,
    );
  }
}

/** The error's sentence without the name that the reader has just read. */
function sentenceAbout(subject: string, error: Error): string {
  return error.message.startsWith(`${subject} `) ? error.message.slice(subject.length + 1) : error.message;
}
