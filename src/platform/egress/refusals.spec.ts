import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readModeFile, writeModeFile } from './mode-file.js';
import { readRefusals, RefusalLog, type Refusal } from './refusals.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'egress-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

const FILE = 'egress-refusals.log';
const refusal = (destination: string, at = '2026-05-01T00:00:00Z'): Refusal => ({
  at: new Date(at),
  kind: 'connection',
  destination,
  caller: 'fetch (dist/x.js:1)',
});

describe(RefusalLog.name, () => {
  it('writes the first of a kind at once and counts the others', async () => {
    const log = new RefusalLog(dataDir);
    for (let count = 0; count < 500; count++) log.add(refusal('a:1'));
    log.add(refusal('b:1', '2026-06-01T00:00:00Z'));
    expect(readFileSync(join(dataDir, FILE), 'utf8').trimEnd().split('\n')).toHaveLength(2);
    log.flush();
    expect(readFileSync(join(dataDir, FILE), 'utf8').trimEnd().split('\n')).toHaveLength(3);
    const { count, last } = await readRefusals(dataDir, null);
    expect(count).toBe(501);
    expect(last).toMatchObject({ destination: 'b:1', pid: process.pid, caller: 'fetch (dist/x.js:1)' });
    expect(await readRefusals(dataDir, new Date('2026-05-15'))).toMatchObject({ count: 1 });
    expect(statSync(join(dataDir, FILE)).mode & 0o777).toBe(0o600);
  });

  it('never grows beyond two files of 1 MiB, whatever asks for how many different things', async () => {
    for (let round = 0; round < 25; round++) {
      const log = new RefusalLog(dataDir);
      for (let number = 0; number < 1_500; number++) log.add(refusal(`${round}-${number}:1`));
      log.flush();
    }
    for (const name of [FILE, `${FILE}.1`]) expect(statSync(join(dataDir, name)).size).toBeLessThan(1.01 * 1024 * 1024);
    expect((await readRefusals(dataDir, null)).count).toBeGreaterThan(5_000);
  });

  it('minds neither a folder that is gone nor a line that was cut off', async () => {
    new RefusalLog(join(dataDir, 'gone')).add(refusal('a:1'));
    expect(await readRefusals(join(dataDir, 'gone'), null)).toEqual({ count: 0, last: null });
    new RefusalLog(dataDir).add(refusal('a:1'));
    writeFileSync(join(dataDir, FILE), '{"at":"2026-05-', { flag: 'a' });
    expect(await readRefusals(dataDir, null)).toMatchObject({ count: 1 });
  });
});

describe('the mode file', () => {
  it('says what was written, and nothing where it is not there', async () => {
    expect(readModeFile(dataDir)).toEqual({ isOn: false, since: null });
    expect(readModeFile(join(dataDir, 'gone'))).toEqual({ isOn: false, since: null });
    const since = new Date('2026-05-01T10:00:00Z');
    await writeModeFile(dataDir, since);
    expect(readModeFile(dataDir)).toEqual({ isOn: true, since });
    expect(statSync(join(dataDir, 'airgap.json')).mode & 0o777).toBe(0o600);
    await writeModeFile(dataDir, null);
    expect(readModeFile(dataDir)).toEqual({ isOn: false, since: null });
  });

  it.each(['', '{', 'null', '[]', '{"since":"x"}'])('means air-gapped where it holds %j', (text) => {
    writeFileSync(join(dataDir, 'airgap.json'), text);
    expect(readModeFile(dataDir).isOn).toBe(true);
  });

  it('means air-gapped where it may not be read', () => {
    writeFileSync(join(dataDir, 'airgap.json'), '{"airGapped":true}');
    chmodSync(join(dataDir, 'airgap.json'), 0);
    expect(readModeFile(dataDir).isOn).toBe(true);
  });
});
