import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { BufferAccess, FileAccess, SquashfsError, type RandomAccess } from './index.js';

const CONTENT = Buffer.from('0123456789');

describe('random access', () => {
  let folder: string;
  let file: FileHandle;
  let sources: Record<string, RandomAccess>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'random-access-'));
    await writeFile(join(folder, 'file'), CONTENT);
    file = await open(join(folder, 'file'));
    sources = { file: await FileAccess.of(file), buffer: new BufferAccess(CONTENT) };
  });

  afterAll(async () => {
    await file.close();
    await rm(folder, { recursive: true });
  });

  it.each(['file', 'buffer'])('to a %s gives exactly what was asked for, or fails', async (kind) => {
    const source = sources[kind]!;
    expect(source.sizeBytes).toBe(10);
    expect((await source.read(3, 4)).toString()).toBe('3456');
    expect((await source.read(10, 0)).length).toBe(0);
    await expect(source.read(8, 3)).rejects.toThrow('ends before the 3 bytes at 8');
    await expect(source.read(20, 1)).rejects.toThrow(SquashfsError);
  });
});
