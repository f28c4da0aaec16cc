import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Outbox } from './outbox.js';

let folder: string;
let outbox: Outbox;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'));
  outbox = new Outbox(folder);
  await outbox.prepare();
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

describe(Outbox.name, () => {
  it('moves what belongs together, with the report beside it', async () => {
    await writeFile(join(folder, 'jq_6.snap'), 'snap');
    await writeFile(join(folder, 'jq_6.assert'), 'assertions');
    await outbox.put('done', ['jq_6.snap', 'jq_6.assert'], { fine: true });
    expect(await readdir(folder)).toEqual(['done', 'failed']);
    expect(await readdir(join(folder, 'done'))).toEqual(['jq_6.assert', 'jq_6.snap', 'jq_6.snap.report.json']);
    expect(JSON.parse(await readFile(join(folder, 'done', 'jq_6.snap.report.json'), 'utf8'))).toEqual({ fine: true });
  });

  it('never writes over what was put there before', async () => {
    for (const content of ['first', 'second']) {
      await writeFile(join(folder, 'b.tar.gz'), content);
      await outbox.put('failed', ['b.tar.gz'], content);
    }
    expect(await readFile(join(folder, 'failed', 'b.tar.gz'), 'utf8')).toBe('first');
    expect(await readFile(join(folder, 'failed', 'b~2.tar.gz'), 'utf8')).toBe('second');
    expect(await readFile(join(folder, 'failed', 'b~2.tar.gz.report.json'), 'utf8')).toBe('"second"\n');
  });

  it('brings the second file after the first where only that was moved', async () => {
    await writeFile(join(folder, 'done', 'jq_6.snap'), 'snap');
    await writeFile(join(folder, 'jq_6.assert'), 'assertions');
    await outbox.follow('jq_6.assert', 'jq_6.snap');
    expect(await readdir(folder)).toEqual(['done', 'failed']);
    await writeFile(join(folder, 'other_1.assert'), 'assertions');
    await outbox.follow('other_1.assert', 'other_1.snap');
    expect(await readdir(folder)).toContain('other_1.assert');
  });
});
