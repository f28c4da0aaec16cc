import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Device } from './support/device.js';
import { Lab } from './support/lab.js';

describe('searching, as a device does it', () => {
  let lab: Lab;
  let device: Device;

  beforeAll(async () => {
    lab = await Lab.open();
    for (const name of ['jq', 'jq-more', 'hello']) await lab.store.must('push-snap', await lab.snaps.make(name, 1));
    await lab.store.must('push-snap', '--channel', 'latest/edge', await lab.snaps.make('edgy', 1));
    await lab.store.must('featured', 'set', 'hello', 'jq');
    await lab.store.must('categories', 'set', 'jq', 'utilities');
    device = await lab.device({ settings: { SNAPD_CATALOG_REFRESH: '1' } });
  });

  afterAll(() => lab.close());

  /** The first column of the table that is printed; what snap advises follows after an empty line. */
  const found = async (command: string): Promise<string[]> => {
    const lines = (await device.must(command)).split('\n');
    const table = lines.slice(lines.findIndex((line) => line.startsWith('Name ')) + 1);
    return table.slice(0, table.indexOf('')).map((line) => line.split(/\s+/)[0] ?? '');
  };

  it('finds by text, what is called so first: snap find TEXT', async () => {
    expect(await found('snap find jq')).toEqual(['jq', 'jq-more']);
    expect(await device.must('snap find jq')).toMatch(/^jq +1\.0 +testrootorg\*\* /m);
    expect(await found('snap find jqq-more')).toContain('jq-more');
  });

  it('finds what is at the edge only, unless it is told to look at stable: --narrow', async () => {
    expect(await found('snap find edgy')).toEqual(['edgy']);
    const narrow = await device.run('snap find --narrow edgy');
    expect(narrow.stdout + narrow.stderr).toContain('No matching snaps for "edgy"');
  });

  it('shows what is featured to whoever looks for nothing: snap find', async () => {
    expect(await found('snap find')).toEqual(['hello', 'jq']);
  });

  it('finds in a section: snap find --section', async () => {
    expect(await found('snap find --section=utilities')).toEqual(['jq']);
    const other = await device.run('snap find --section=games');
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toContain('No matching section "games"');
  });

  it('keeps what a device completes names and unknown commands with', async () => {
    await expect
      .poll(async () => (await device.run('cat /var/cache/snapd/names /var/cache/snapd/sections')).stdout, {
        timeout: 60_000,
        interval: 1_000,
      })
      .toBe('edgy\nhello\njq\njq-more\nfeatured\nutilities');
    expect(await device.must('ls /var/cache/snapd')).toContain('commands.db');
  });
});
