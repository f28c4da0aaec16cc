import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';
import { beforeAll, describe, expect, it } from 'vitest';

import { SystemClock } from '../../kernel/clock.js';
import {
  type Assertion,
  AssertionRefusedError,
  AssertionVerifier,
  builtinRoots,
  decodeAssertion,
  decodeAssertionStream,
  encodeAssertionStream,
  readAssertionStream,
  type TrustedRoots,
  type Verdict,
  type VerifiedSource,
} from './index.js';

/** Real assertions with snapd's own verdicts; it lies beside the checkout, not in it. */
const CORPUS = path.resolve(import.meta.dirname, '../../../../shared/assertion-corpus.tar.gz');

interface Entry {
  readonly set: string;
  readonly file: string;
  readonly type?: string;
  readonly primary_key?: string[];
  readonly revision?: number;
  readonly format?: number;
  readonly chain?: string[];
  readonly base?: string;
  readonly stage?: string;
  readonly snapd_stage?: string;
  readonly error?: string;
  readonly snapd_error?: string;
  readonly expected?: string;
  readonly class?: string;
  readonly mutation?: string;
  readonly stream_decoder?: { decoded: number; error: string };
  readonly with_test_root?: string;
  readonly refs?: unknown[];
  readonly reencode_identical?: boolean;
}

const isThere = existsSync(CORPUS);
if (!isThere) {
  console.warn(`\n*** The assertion corpus is not at ${CORPUS}: snapd's verdicts are NOT compared in this run. ***\n`);
}

describe.runIf(isThere)('snapd’s verdicts on real assertions', () => {
  const files = new Map<string, Buffer>();
  let entries: Entry[] = [];
  let valid: Assertion[] = [];
  const roots = builtinRoots();
  let testRoots: TrustedRoots;

  beforeAll(async () => {
    const archive = createReadStream(CORPUS).pipe(createGunzip()).pipe(extract());
    for await (const entry of archive) {
      const name = entry.header.name.split('/').slice(1).join('/');
      if (entry.header.type === 'file') files.set(name, await buffer(entry));
      else entry.resume();
    }
    entries = (files.get('index.jsonl') ?? Buffer.alloc(0))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
    valid = of('valid').map((entry) => decodeAssertion(bytesOf(entry)));
    const testRoot = of('testroot').filter((entry) => {
      const key = entry.primary_key?.[0];
      return (entry.type === 'account' && key === 'testrootorg') || key?.startsWith('hIedp1Avr') === true;
    });
    testRoots = roots.with(testRoot.map((entry) => decodeAssertion(bytesOf(entry))));
  });

  function of(set: string): Entry[] {
    return entries.filter((entry) => entry.set === set);
  }

  function bytesOf(entry: Entry): Buffer {
    return files.get(`${entry.set}/${entry.file}`) ?? Buffer.alloc(0);
  }

  function verify(batch: readonly Assertion[], trusted = roots, known?: VerifiedSource): Promise<Verdict[]> {
    const options = { roots: trusted, clock: new SystemClock(), byKeysOfAnyRevision: true };
    return new AssertionVerifier(known === undefined ? options : { ...options, known }).verify(batch);
  }

  /** As if verified before: what lies in `valid` is shown to hold by its own test. */
  function sourceOf(assertions: readonly Assertion[]): VerifiedSource {
    const byAge = [...assertions].sort((left, right) => left.revision - right.revision);
    const byId = new Map(byAge.map((assertion) => [assertion.ref.id, assertion]));
    return {
      find: (ref) => Promise.resolve(byId.get(ref.id) ?? null),
      accountKeysNamed: () => Promise.resolve([]),
    };
  }

  /** Decodes and verifies one file against the valid ones. */
  async function judge(entry: Entry): Promise<AssertionRefusedError | null> {
    return refusalOf(
      async () => (await verify([decodeAssertion(bytesOf(entry))], roots, sourceOf(valid)))[0]?.error ?? null,
    );
  }

  async function refusalOf(work: () => Promise<AssertionRefusedError | null>): Promise<AssertionRefusedError | null> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AssertionRefusedError) return error;
      throw error;
    }
  }

  it('accepts all 376 valid ones, with their chains, and writes them back byte for byte', async () => {
    const expected = of('valid');
    expect(expected).toHaveLength(376);
    const verdicts = await verify(valid);
    for (const [index, entry] of expected.entries()) {
      const assertion = valid[index]!;
      expect(verdicts[index]?.error?.message ?? null, entry.file).toBeNull();
      expect(verdicts[index]?.chain, entry.file).toEqual(entry.chain);
      expect(assertion.encoded.equals(bytesOf(entry)), entry.file).toBe(true);
      expect(assertion.type.name).toBe(entry.type);
      expect(assertion.primaryKey).toEqual(entry.primary_key);
      expect([assertion.revision, assertion.format]).toEqual([entry.revision, entry.format]);
    }
  });

  it('refuses all 1353 damaged ones, at the stage at which snapd does', async () => {
    const damaged = of('invalid');
    expect(damaged).toHaveLength(1353);
    const wrong: string[] = [];
    for (const entry of damaged) {
      const error = await judge(entry);
      if (error?.stage !== entry.stage)
        wrong.push(
          `${entry.file}: ${error?.stage ?? 'ok'} ${error?.message ?? ''} != ${entry.stage ?? ''} ${entry.error ?? ''}`,
        );
    }
    expect(wrong).toEqual([]);
  });

  it('reads damaged ones from a stream where snapd does, and says the same of them', async () => {
    const known = sourceOf(valid);
    const wrong: string[] = [];
    for (const entry of of('invalid')) {
      const expected = stageOfMessage(entry.stream_decoder?.error ?? '');
      const refusal = await refusalOf(async () => {
        for await (const assertion of readAssertionStream(bytewise(bytesOf(entry)))) {
          const [verdict] = await verify([assertion], roots, known);
          const error = verdict?.error ?? null;
          if (error !== null) return error;
        }
        return null;
      });
      const stage = refusal?.stage ?? 'accept';
      if (stage !== expected) wrong.push(`${entry.file}: ${stage} ${refusal?.message ?? ''}, snapd: ${expected}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is not misled by damaged ones that lie beside the valid ones', async () => {
    const damaged: Assertion[] = [];
    for (const entry of [...of('invalid'), ...of('invalid-natural')]) {
      await refusalOf(() => {
        damaged.push(decodeAssertion(bytesOf(entry)));
        return Promise.resolve(null);
      });
    }
    const verdicts = await verify([...damaged, ...valid]);
    expect(verdicts.slice(0, damaged.length).filter((verdict) => verdict.error === null)).toEqual([]);
    expect(verdicts.slice(damaged.length).filter((verdict) => verdict.error !== null)).toEqual([]);
  });

  it('accepts all 112 variants', async () => {
    const variants = of('valid-variants');
    expect(variants).toHaveLength(112);
    for (const entry of variants) expect((await judge(entry))?.message ?? null, entry.file).toBeNull();
  });

  it('refuses those whose signature is good and whose claim is not', async () => {
    const entriesOfSet = of('valid-sig-only');
    expect(entriesOfSet).toHaveLength(5);
    for (const entry of entriesOfSet) {
      const error = await judge(entry);
      expect(error?.stage, entry.file).toBe('check');
      expect(error?.reason, entry.file).toBe(entry.type === 'model' ? 'key-not-valid-then' : 'prerequisite-missing');
    }
  });

  it('takes those of the test root with that root, and not without', async () => {
    const ofTestRoot = of('testroot');
    expect(ofTestRoot).toHaveLength(83);
    const decoded = ofTestRoot.map((entry) => decodeAssertion(bytesOf(entry)));
    const without = await verify([...decoded, ...valid]);
    const withRoot = await verify([...decoded, ...valid], testRoots);
    for (const [index, entry] of ofTestRoot.entries()) {
      expect(without[index]?.error?.stage, entry.file).toBe('check');
      expect(withRoot[index]?.error?.message ?? null, entry.file).toBeNull();
      expect(decoded[index]?.encoded.equals(bytesOf(entry)), entry.file).toBe(true);
    }
  });

  it('refuses those that are wrong as found in the wild, with and without the test root', async () => {
    const natural = of('invalid-natural');
    expect(natural).toHaveLength(45);
    const help = of('testroot').map((entry) => decodeAssertion(bytesOf(entry)));
    for (const entry of natural) {
      const refusal = await refusalOf(async () => {
        const verdicts = await verify([decodeAssertion(bytesOf(entry)), ...help], testRoots, sourceOf(valid));
        return verdicts[0]?.error ?? null;
      });
      expect(`${entry.file} ${refusal?.stage ?? 'accept'}`).toBe(`${entry.file} ${entry.snapd_stage ?? ''}`);
      expect(await judge(entry), entry.file).not.toBeNull();
    }
  });

  it('reads and verifies whole streams as indexed', async () => {
    const streams = of('streams');
    expect(streams).toHaveLength(21);
    for (const entry of streams) {
      const assertions = await decodeAssertionStream(bytesOf(entry));
      expect(assertions, entry.file).toHaveLength(entry.refs?.length ?? -1);
      expect(encodeAssertionStream(assertions).equals(bytesOf(entry)), entry.file).toBe(entry.reencode_identical);
      const holds = (verdicts: Verdict[]) => verdicts.every((verdict) => verdict.error === null);
      expect(holds(await verify(assertions)), entry.file).toBe(entry.class === 'self-contained');
      expect(holds(await verify(assertions, testRoots)), entry.file).toBe(entry.with_test_root === 'OK');
    }
  });

  it('judges damaged streams as indexed', async () => {
    const streams = of('streams-invalid');
    expect(streams).toHaveLength(25);
    for (const entry of streams) {
      const verdict = await judgeStream(bytesOf(entry));
      const stage =
        entry.expected === 'accept' ? 'accept' : entry.snapd_error?.startsWith('decode:') === true ? 'decode' : 'check';
      expect(`${entry.file} ${verdict}`).toBe(`${entry.file} ${stage}`);
    }
  });

  async function judgeStream(bytes: Buffer): Promise<string> {
    const refusal = await refusalOf(async () => {
      const verdicts = await verify(await decodeAssertionStream(bytes));
      return verdicts.find((verdict) => verdict.error !== null)?.error ?? null;
    });
    return refusal?.stage ?? 'accept';
  }
});

function stageOfMessage(message: string): string {
  if (message === '') return 'accept';
  return message.startsWith('check: ') ? 'check' : 'decode';
}

/** The most awkward way for a stream to arrive. */
async function* bytewise(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (const byte of bytes) yield await Promise.resolve(Buffer.of(byte));
}
