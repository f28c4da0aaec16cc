import { decodeAssertionStream, type Assertion } from '../../formats/assertion/index.js';
import {
  BundleTooLargeError,
  NotABundleError,
  readBundleSource,
  type BundleBlob,
  type BundleHead,
  type BundlePart,
  type BundleSource,
} from '../../formats/bundle/index.js';

const MAX_ASSERTIONS = 50_000;

/**
 * A bundle that is being read: its manifest and its assertions have been, the rest has not. Whoever opens it closes it.
 */
export class OpenBundle {
  private constructor(
    readonly source: BundleSource,
    readonly head: BundleHead,
    readonly assertions: readonly Assertion[],
    private readonly rest: AsyncGenerator<BundlePart, void>,
    private current: BundleBlob | null,
  ) {}

  /** @throws BundleError; AssertionRefusedError where an assertion does not parse */
  static async open(
    source: BundleSource,
    signal: AbortSignal,
    blobsCheckedBy: 'consumer' | 'nobody',
  ): Promise<OpenBundle> {
    const parts = readBundleSource(source, { signal, blobsCheckedBy });
    try {
      const first = (await parts.next()).value;
      if (first?.kind !== 'head') throw new NotABundleError({ file: source.path, member: null }, 'has no manifest');
      const assertions: Assertion[] = [];
      for (;;) {
        const part = (await parts.next()).value ?? null;
        if (part?.kind !== 'assertions') return new OpenBundle(source, first, assertions, parts, blobOf(part));
        assertions.push(...(await decodeAssertionStream(part.bytes)));
        if (assertions.length <= MAX_ASSERTIONS) continue;
        const place = { file: source.path, member: part.path };
        throw new BundleTooLargeError(place, `brings the bundle to more than ${MAX_ASSERTIONS} assertions`);
      }
    } catch (error) {
      await parts.return();
      throw error;
    }
  }

  get file(): string {
    return this.source.path;
  }

  get signer(): string | null {
    return this.head.signer?.keyId ?? null;
  }

  /** What comes next: snaps, components and pictures in the order of the format. Null at the end, when the sums have been checked. */
  get next(): BundleBlob | null {
    return this.current;
  }

  async advance(): Promise<void> {
    this.current = blobOf((await this.rest.next()).value ?? null);
  }

  async close(): Promise<void> {
    await this.rest.return();
  }
}

function blobOf(part: BundlePart | null): BundleBlob | null {
  return part === null || part.kind === 'head' || part.kind === 'assertions' ? null : part;
}
