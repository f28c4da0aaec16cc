import { describe, expect, it } from 'vitest';

import { readExportRequest, type WhatToExport } from './export-options.js';

const usual: WhatToExport = { channel: [], prerequisites: true, since: [] };

function read(names: readonly string[], given: Partial<WhatToExport> = {}) {
  return readExportRequest(names, { ...usual, ...given }, new AbortController().signal);
}

describe(readExportRequest.name, () => {
  it.each<[string[], Partial<WhatToExport>, string]>([
    [[], {}, 'nothing to export is named'],
    [['jq'], { standalone: true, singleBundle: true }, '--standalone and --single-bundle'],
    [['jq'], { all: true, channel: ['stable'] }, '--all is every revision'],
    [['jq'], { all: true, revision: 6 }, '--all is every revision'],
    [['jq'], { revision: 6, channel: ['stable'] }, '--revision and --channel'],
    [['jq', 'yq'], { revision: 6 }, '--revision goes with one snap'],
  ])('refuses %j with %j', async (names, given, why) => {
    await expect(read(names, given)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(why) as string,
    });
  });

  it.each<[string[], Partial<WhatToExport>, string]>([
    [['../jq'], {}, 'invalid-snap-name'],
    [['jq'], { channel: ['a/b/c/d'] }, 'invalid-channel'],
    [['jq'], { since: ['/nowhere/inventory.jsonl'] }, 'bundle-unreadable'],
  ])('refuses %j with %j (%s)', async (names, given, code) => {
    await expect(read(names, given)).rejects.toMatchObject({ code });
  });

  it('makes a file for each name, and one of everything', async () => {
    expect(await read(['jq', 'yq'])).toMatchObject({ names: ['jq', 'yq'], packing: 'shared', everyRevision: false });
    expect(await read(['jq'], { standalone: true })).toMatchObject({ packing: 'standalone' });
    expect(await read(['jq', 'yq'], { singleBundle: true })).toMatchObject({ packing: 'single' });
    expect(await read([], { all: true })).toMatchObject({ names: null, packing: 'single', everyRevision: true });
    expect(await read(['jq'], { all: true })).toMatchObject({ names: ['jq'], packing: 'shared', everyRevision: true });
    expect(await read(['jq'], { revision: 6 })).toMatchObject({ revisions: [6] });
  });
});
