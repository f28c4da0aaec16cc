import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FenceFile } from './fence-file.js';

let systemd: string;
beforeEach(() => {
  systemd = mkdtempSync(join(tmpdir(), 'systemd-'));
});
afterEach(() => {
  rmSync(systemd, { recursive: true, force: true });
});

const never = (text: string): never => {
  throw new Error(text);
};

describe.runIf(process.geteuid?.() === 0)(FenceFile.name, () => {
  it('is not there where the store is no service', async () => {
    expect(await FenceFile.open(never, systemd)).toBeNull();
  });

  it('is the drop-in of the service, replaced as a whole, and empty until it is written', async () => {
    writeFileSync(join(systemd, 'snap-store-proxy.service'), '[Service]\n');
    for (const text of ['a long first text', 'short']) {
      const file = await FenceFile.open(never, systemd);
      await file?.write(text);
      await file?.close();
      expect(readFileSync(join(systemd, 'snap-store-proxy.service.d/airgap.conf'), 'utf8')).toBe(text);
    }
  });

  it('says why it cannot be written', async () => {
    writeFileSync(join(systemd, 'snap-store-proxy.service'), '[Service]\n');
    writeFileSync(join(systemd, 'snap-store-proxy.service.d'), 'in the way');
    const notes: string[] = [];
    expect(await FenceFile.open((text) => notes.push(text), systemd)).toBeNull();
    expect(notes).toEqual([expect.stringContaining('EEXIST')]);
  });
});
