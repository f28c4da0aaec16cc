import {
  assertionRef,
  AssertionRefusedError,
  readAssertionStream,
  type Assertion,
} from '../../formats/assertion/index.js';
import { BundleTooLargeError, type BundlePlace } from '../../formats/bundle/index.js';
import type { AssertionService } from '../assertions/index.js';
import type { ImportChecks } from './import-report.js';
import { ImportFailedError } from './import.errors.js';

/** What all streams of one import may have together; they are in memory until the import ends. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_COUNT = 50_000;

/** What became of the assertions of an import. */
export interface AssertionCounts {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** The assertions of one import: gathered, verified together, and only then of use. */
export class CarriedAssertions {
  private readonly gathered: { readonly assertion: Assertion; readonly place: BundlePlace }[] = [];
  private readonly verified = new Map<string, Assertion>();
  private bytes = 0;

  constructor(private readonly held: Pick<AssertionService, 'add' | 'find' | 'verify'>) {}

  /** Parses a stream. @throws ImportFailedError (`assertion-refused`), BundleTooLargeError */
  async gather(place: BundlePlace, stream: Buffer): Promise<void> {
    this.bytes += stream.length;
    if (this.bytes > MAX_BYTES)
      throw new BundleTooLargeError(place, `brings the assertions to more than ${MAX_BYTES} bytes`);
    try {
      for await (const assertion of readAssertionStream(once(stream))) {
        if (this.gathered.push({ assertion, place }) > MAX_COUNT)
          throw new BundleTooLargeError(place, `brings more than ${MAX_COUNT} assertions`);
      }
    } catch (error) {
      throw error instanceof AssertionRefusedError ? new ImportFailedError(place, error.code, error) : error;
    }
  }

  /** Verifies all that was gathered, up to the trusted roots. @throws ImportFailedError (`assertion-refused`) */
  async verify(): Promise<void> {
    const verdicts = await this.held.verify(this.gathered.map(({ assertion }) => assertion));
    for (const [index, { error }] of verdicts.entries()) {
      const place = this.gathered[index]?.place;
      if (error !== null && place !== undefined) throw new ImportFailedError(place, error.code, error);
    }
    for (const { assertion } of this.gathered) {
      const other = this.verified.get(assertion.ref.id);
      if (other === undefined || other.revision < assertion.revision) this.verified.set(assertion.ref.id, assertion);
    }
  }

  /** How many of them hold, and who signed them. */
  get summary(): ImportChecks['assertions'] {
    const byType: Record<string, number> = {};
    const keys = new Map<string, ImportChecks['assertions']['keys'][number]>();
    for (const { type, authorityId: authority, signKeyId: key } of this.verified.values()) {
      byType[type.name] = (byType[type.name] ?? 0) + 1;
      const of = `${authority} ${key}`;
      keys.set(of, { authority, key, count: (keys.get(of)?.count ?? 0) + 1 });
    }
    const inOrder = [...keys].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key);
    return { count: this.verified.size, byType, keys: inOrder };
  }

  /** Those that came with the import and hold. */
  ofType(typeName: string): Assertion[] {
    return [...this.verified.values()].filter(({ type }) => type.name === typeName);
  }

  /** The newest that is known, whether it came with the import or was there. */
  async find(typeName: string, primaryKey: readonly string[]): Promise<Assertion | null> {
    const ref = assertionRef(typeName, primaryKey);
    const held = await this.held.find(ref);
    const carried = this.verified.get(ref.id) ?? null;
    return carried === null || (held !== null && held.revision > carried.revision) ? held : carried;
  }

  /** Part of the transaction that makes the import visible. @throws ImportFailedError (`assertion-refused`) */
  async store(): Promise<AssertionCounts> {
    try {
      const report = await this.held.add(this.gathered.map(({ assertion }) => assertion));
      const { added, updated, unchanged, older } = report;
      return { added, updated, unchanged: unchanged + older };
    } catch (error) {
      const place = error instanceof AssertionRefusedError ? this.placeOf(error) : undefined;
      throw place === undefined ? error : new ImportFailedError(place, 'assertion-refused', error);
    }
  }

  private placeOf({ refusal }: AssertionRefusedError): BundlePlace | undefined {
    return this.gathered.find(({ assertion }) => assertion.toString() === refusal.assertion)?.place;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
