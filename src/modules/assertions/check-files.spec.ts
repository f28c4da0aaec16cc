import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FixedClock, newTestKey, SIGNED_AT, TestAccount, TestAuthority } from '../../../test/support/authority.js';
import { type Assertion, AssertionRefusedError, encodeAssertionStream } from '../../formats/assertion/index.js';
import { AssertionFileError, checkAssertionFiles, checkLine, readTrustedRoots } from './index.js';

let folder: string;
let authority: TestAuthority;
let root: string;
let developer: Assertion;
let declaration: Assertion;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'check-files-'));
  authority = await TestAuthority.create();
  developer = authority.signAccount('developer');
  declaration = authority.signDeclaration('a'.repeat(32), 'jq', 'developer');
  root = await file('root.assert', encodeAssertionStream([authority.account, authority.accountKey]));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const target = path.join(folder, name);
  await writeFile(target, content);
  return target;
}

async function lines(files: string[], extraRoots = [root]): Promise<string[]> {
  return (await checkAssertionFiles(files, { extraRoots, repairRoots: [] }, new FixedClock())).map(checkLine);
}

describe(checkAssertionFiles.name, () => {
  it('lets files help each other in any order', async () => {
    const first = await file('declaration.assert', declaration.encoded);
    const second = await file('developer.assert', developer.encoded);
    const id = `snap-declaration/16/${'a'.repeat(32)}`;
    expect(await lines([first, second])).toEqual([`OK ${id}`, 'OK account/developer']);
    expect(await lines([first])).toEqual([
      `REFUSED ${id}: needs account/developer, which is not there or does not hold`,
    ]);
    expect(await lines([second, second, root])).toEqual([
      'OK account/developer',
      'OK account/developer',
      'OK account/testauthority',
      `OK account-key/${authority.key.id}`,
    ]);
  });

  it('refuses all without the root', async () => {
    const [line] = await lines([await file('developer.assert', developer.encoded)], []);
    expect(line).toMatch(/^REFUSED account\/developer: is signed by testauthority with key /);
  });

  it('names the file where it does not parse, and uses nothing of it', async () => {
    const half = Buffer.concat([developer.encoded, Buffer.from('\ntype: account\n')]);
    const broken = await file('broken.assert', half);
    const whole = await file('declaration.assert', declaration.encoded);
    const [first, second] = await lines([broken, whole]);
    expect(first).toBe(`REFUSED ${broken}: the stream ends inside of headers`);
    expect(second).toMatch(/needs account\/developer/);
  });

  it('takes a single assertion as strictly as snapd, and a stream as it does', async () => {
    const loose = Buffer.concat([developer.encoded, Buffer.from('\n')]);
    const [single] = await lines([await file('loose.assert', loose)]);
    expect(single).toMatch(/^REFUSED .*loose\.assert: /);
    const stream = Buffer.concat([loose, declaration.encoded, Buffer.from('\n')]);
    expect(await lines([await file('stream.assert', stream)])).toHaveLength(2);
    expect((await lines([await file('stream.assert', stream)])).every((line) => line.startsWith('OK '))).toBe(true);
    expect(await lines([await file('empty.assert', '')])).toEqual([]);
  });

  it('takes what an older revision of its key signed', async () => {
    const key = await newTestKey();
    const brand = new TestAccount('brand', key);
    const timestamp = SIGNED_AT.toISOString();
    const files = [
      authority.signAccount('brand'),
      authority.signAccountKey('brand', key),
      authority.signAccountKey('brand', key, { revision: '1', since: '2026-02-01T00:00:00Z' }),
      brand.sign('snap-build', {
        'snap-sha3-384': 'A'.repeat(64),
        'snap-id': 'x',
        grade: 'stable',
        'snap-size': '1',
        timestamp,
      }),
    ];
    const paths = await Promise.all(files.map((each, index) => file(`key-${index}.assert`, each.encoded)));
    const checked = await checkAssertionFiles(
      paths,
      { extraRoots: [root], repairRoots: [] },
      new FixedClock(new Date('2026-03-01T00:00:00Z')),
    );
    expect(checked.map(({ refusal }) => refusal)).toEqual([null, null, null, null]);
  });

  it('says what cannot be read, and goes on', async () => {
    const missing = path.join(folder, 'missing.assert');
    const directory = path.join(folder, 'directory');
    await mkdir(directory, { recursive: true });
    const result = await lines([missing, directory, await file('developer.assert', developer.encoded)]);
    expect(result[0]).toMatch(/^REFUSED .*missing\.assert: .* cannot be read: ENOENT/);
    expect(result[1]).toMatch(/^REFUSED .*directory: .* cannot be read: EISDIR/);
    expect(result[2]).toBe('OK account/developer');
  });
});

describe(readTrustedRoots.name, () => {
  it('refuses files that make no root', async () => {
    const roots = (content: string | Uint8Array) =>
      file('roots.assert', content).then((each) => readTrustedRoots([each]));
    await expect(roots('nonsense')).rejects.toThrow(AssertionFileError);
    await expect(roots('')).rejects.toThrow(/no assertions/);
    await expect(roots(declaration.encoded)).rejects.toThrow(AssertionRefusedError);
    await expect(readTrustedRoots([path.join(folder, 'missing')])).rejects.toThrow(AssertionFileError);
  });

  it('takes a root from several files', async () => {
    const account = await file('a.assert', authority.account.encoded);
    const accountKey = await file('k.assert', authority.accountKey.encoded);
    const roots = await readTrustedRoots([accountKey, account]);
    expect([roots.isTrustedAccount('testauthority'), roots.isTrustedAccount('canonical')]).toEqual([true, true]);
  });
});
