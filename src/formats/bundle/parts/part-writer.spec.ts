import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inChunks } from '../../../../test/support/bundles.js';
import { formatPartName, parsePartName } from './part-name.js';
import { parsePartSize } from './part-size.js';
import { writeParts } from './part-writer.js';

const ID = '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11';

describe(parsePartName.name, () => {
  it.each([
    ['jq-20260101T120000.tar.gz.6f6ab1e0.part1of3', 1, 3],
    ['jq.tar.gz.6f6ab1e0.part02of12', 2, 12],
    ['x.6f6ab1e0.part0001of9999', 1, 9999],
    ['x.00000000.part1of2.6f6ab1e0.part2of2', 2, 2],
  ])('reads %s, and writes it again', (name, number, total) => {
    const parsed = parsePartName(name);
    expect(parsed).toMatchObject({ idStart: '6f6ab1e0', number, total });
    expect(parsed === null ? null : formatPartName(parsed)).toBe(name);
  });

  it.each([
    'jq.tar.gz',
    'jq.tar.gz.part1of3',
    '.6f6ab1e0.part1of3',
    'jq.6F6AB1E0.part1of3',
    'jq.6f6ab1e0.part0of3',
    'jq.6f6ab1e0.part4of3',
    'jq.6f6ab1e0.part1of1',
    'jq.6f6ab1e0.part1of12',
    'jq.6f6ab1e0.part01of3',
    'jq.6f6ab1e0.part1of03',
    'jq.6f6ab1e0.part00001of10000',
    'jq.6f6ab1e0.part1of3.tmp',
  ])('does not take %s for a part', (name) => {
    expect(parsePartName(name)).toBeNull();
  });
});

describe(parsePartSize.name, () => {
  it.each([
    ['65536', 65_536],
    ['64K', 65_536],
    ['700M', 700 * 1024 * 1024],
    ['700MiB', 700 * 1024 * 1024],
    ['4GB', 4_000_000_000],
    ['1T', 1024 ** 4],
  ])('reads %s as %i bytes', (text, bytes) => {
    expect(parsePartSize(text)).toBe(bytes);
  });

  it.each(['', '0', '65535', '63K', '-1M', '1.5G', '4g', '4 G', 'M', '4Gib', '9007199254740993', '99999999T'])(
    'refuses "%s"',
    (text) => {
      expect(() => parsePartSize(text)).toThrow(expect.objectContaining({ code: 'part-size-invalid' }) as Error);
    },
  );
});

describe(writeParts.name, () => {
  let folder: string;
  const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'part-writer-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (bytes: AsyncIterable<Uint8Array>, partBytes: number, signal?: AbortSignal) =>
    writeParts(bytes, {
      path: join(folder, 'jq.tar.gz'),
      bundleId: ID,
      partBytes,
      ...(signal === undefined ? {} : { signal }),
    });

  it.each([
    [400, 7, [400, 400, 200]],
    [500, 1000, [500, 500]],
    [90, 333, [...Array<number>(11).fill(90), 10]],
    [999, 1000, [999, 1]],
  ])('cuts into parts of %i bytes, however the bytes come', async (partBytes, chunkBytes, sizes) => {
    const parts = await write(inChunks(content, chunkBytes), partBytes);
    expect(parts.map(({ sizeBytes }) => sizeBytes)).toEqual(sizes);
    expect((await readdir(folder)).map((name) => join(folder, name))).toEqual(parts.map(({ path }) => path));
    const joined = await Promise.all(parts.map(({ path }) => readFile(path)));
    expect(Buffer.concat(joined).equals(content)).toBe(true);
    expect(parsePartName(parts[0]?.path.slice(folder.length + 1) ?? '')).toEqual({
      bundleName: 'jq.tar.gz',
      idStart: '6f6ab1e0',
      number: 1,
      total: sizes.length,
    });
  });

  it.each([1000, 5000])('does not split what fits into one part of %i bytes', async (partBytes) => {
    expect(await write(inChunks(content), partBytes)).toEqual([{ path: join(folder, 'jq.tar.gz'), sizeBytes: 1000 }]);
    expect(await readdir(folder)).toEqual(['jq.tar.gz']);
  });

  it('leaves nothing where the source fails', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* inChunks(content, 100);
      throw new Error('the medium fails');
    }
    await expect(write(failing(), 300)).rejects.toThrow('the medium fails');
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves nothing where it is aborted', async () => {
    const controller = new AbortController();
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield* inChunks(content, 100);
      controller.abort(new Error('enough'));
    }
    await expect(write(aborting(), 300, controller.signal)).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes parts away again where one of them cannot have its name', async () => {
    // A folder where the second part is to be.
    const second = 'jq.tar.gz.6f6ab1e0.part2of3';
    await writeFile(join(folder, 'other'), 'stays');
    await mkdir(join(folder, second));
    await writeFile(join(folder, second, 'in'), 'the way');
    await expect(write(inChunks(content), 400)).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual([second, 'other'].sort());
  });

  it('refuses more parts than can be numbered', async () => {
    const options = { path: join(folder, 'jq.tar.gz'), bundleId: ID, partBytes: 100, maxParts: 9 };
    await expect(writeParts(inChunks(content), options)).rejects.toMatchObject({ code: 'too-many-parts' });
    expect(await readdir(folder)).toEqual([]);
  });
});
