import { describe, expect, it } from 'vitest';

import type { ImportDocument } from '../modules/snap-import/index.js';
import { renderReport } from './import-report-page.js';

const DIGEST = 'ab'.repeat(48);
const KEY = `-${'k'.repeat(63)}`;

const report: NonNullable<ImportDocument['report']> = {
  file: 'jq.tar.gz',
  kind: 'bundle',
  bundleId: '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11',
  alreadyImported: false,
  dryRun: false,
  released: { rule: 'fetched', channel: null },
  signature: { state: 'known-signer', signer: KEY, signerName: 'laptop' },
  checked: {
    extent: 'everything',
    manifestSha3_384: 'cd'.repeat(48),
    assertions: {
      count: 3,
      byType: { 'snap-revision': 1, account: 2 },
      keys: [{ authority: 'canonical', key: KEY, count: 3 }],
    },
    snaps: { count: 1, sizeBytes: 4096 },
    components: { count: 1, sizeBytes: 10 },
    media: { count: 2, sizeBytes: 20 },
    policyVersion: 4,
  },
  snaps: [
    {
      name: 'jq',
      snapId: 'j'.repeat(32),
      publisher: { id: 'p1', username: 'mvo' },
      outcome: 'updated',
      isDescriptionNew: true,
    },
  ],
  revisions: [
    {
      name: 'jq',
      snapId: 'j'.repeat(32),
      revision: 6,
      version: '1.7.1',
      architectures: ['amd64', 'arm64'],
      sizeBytes: 4096,
      sha3_384: 'ef'.repeat(48),
      outcome: 'added',
    },
  ],
  components: [
    {
      name: 'jq',
      snapId: 'j'.repeat(32),
      component: 'docs',
      revision: 2,
      type: 'standard',
      version: null,
      sizeBytes: 10,
      sha3_384: 'dc'.repeat(48),
      outcome: 'unchanged',
    },
  ],
  media: [
    { sha3_384: 'fe'.repeat(48), contentType: 'image/png', sizeBytes: 10, outcome: 'added' },
    { sha3_384: 'ba'.repeat(48), contentType: 'image/png', sizeBytes: 10, outcome: 'unchanged' },
  ],
  releases: [
    { name: 'jq', architecture: 'amd64', channel: 'latest/stable', from: 5, to: 6, outcome: 'moved' },
    { name: 'jq', architecture: 'amd64', channel: 'latest/edge', from: 7, to: null, outcome: 'moved' },
  ],
  assertions: { added: 2, updated: 1, unchanged: 0 },
  notes: ['3 other files in it were passed over'],
};

const document: ImportDocument = {
  type: 'import-report',
  format: 1,
  number: 17,
  id: '0d3f1b1e-0000-4000-8000-000000000001',
  previous: 'dd'.repeat(48),
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:04:09.000Z',
  by: { user: 'root (by sudo from alice)', host: 'store1' },
  tool: { name: 'snap-store-proxy', version: '0.1.0' },
  file: 'jq.tar.gz',
  outcome: 'done',
  failure: null,
  report,
};

describe(renderReport.name, () => {
  it('prints all that a security officer asks for', () => {
    expect(renderReport(document, DIGEST)).toBe(`Report of import 17

File:        jq.tar.gz
Outcome:     imported
Begun:       2026-01-02T03:04:05.000Z
Ended:       2026-01-02T03:04:09.000Z
Pushed by:   root (by sudo from alice) on store1
Verified by: snap-store-proxy 0.1.0
Id:          0d3f1b1e-0000-4000-8000-000000000001
Bundle:      6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11
Released:    to the channels that it was fetched from (without a channel map: latest/stable)
Follows:     the report with the SHA3-384 digest ${'dd'.repeat(48)}

What was checked
  the signature of laptop, key ${KEY}, holds
  bundle.json has the SHA3-384 digest ${'cd'.repeat(48)}
  3 assertions, each up to a trusted root: 2 account, 1 snap-revision
    3 signed by canonical with key ${KEY}
  1 snap, 4.0 KiB: every byte hashed, and as it is signed
  1 component, 10 B: every byte hashed, and as it is signed
  2 pictures, 20 B: every byte hashed, and as bundle.json says
  version 4 of the rules let it in

What changed
  jq (snap-id ${'j'.repeat(32)}) of mvo (account p1): updated
    what the store says of it is new
    revision 6, version 1.7.1, amd64 arm64, 4.0 KiB: added
      SHA3-384 ${'ef'.repeat(48)}
    component docs revision 2, standard, 10 B: unchanged
      SHA3-384 ${'dc'.repeat(48)}
    latest/stable amd64: 5 -> 6
    latest/edge amd64: 7 -> closed
  picture ${'fe'.repeat(48)}, image/png, 10 B: added
  assertions: 2 added, 1 updated, 0 there already

Notes
  3 other files in it were passed over

The SHA3-384 digest of this report is ${DIGEST}
It is of the bytes that "snap-store-proxy imports show 17 --raw" prints.`);
  });

  it('says why an import failed, and that nothing of it became visible', () => {
    const failure = { code: 'snap-refused', message: 'jq_6.snap has no declaration' };
    const failed = { ...document, outcome: 'failed', failure, report: null, by: { user: null, host: null } } as const;
    const page = renderReport({ ...failed, previous: null }, DIGEST);
    expect(page).toContain('Outcome:     failed; nothing of it became visible\n');
    expect(page).toContain('Pushed by:   the store by itself\n');
    expect(page).toContain('Follows:     nothing: it is the first\n');
    expect(page).toContain('\nWhy it failed\n  jq_6.snap has no declaration (snap-refused)\n');
    expect(page).not.toContain('What changed');
  });

  it('claims of a bundle that was held already only what was looked at', () => {
    const checked = { ...report.checked, extent: 'manifest' } as const;
    const page = renderReport({ ...document, report: { ...report, alreadyImported: true, checked } }, DIGEST);
    expect(page).toContain('Outcome:     nothing was new: all of it was held already\n');
    expect(page).toContain('so nothing else of it was read\n');
    expect(page).not.toContain('every byte hashed');
  });

  it.each([
    ['channel', 'latest/candidate', 'to latest/candidate alone'],
    ['channel-map', null, 'by its channel map, in place of the one that was there'],
  ] as const)('says how it was released: %s', (rule, channel, words) => {
    const page = renderReport({ ...document, report: { ...report, released: { rule, channel } } }, DIGEST);
    expect(page).toContain(`Released:    ${words}\n`);
  });

  it('says plainly that nobody signed', () => {
    const signature = { state: 'unsigned', signer: null, signerName: null } as const;
    const page = renderReport({ ...document, report: { ...report, signature } }, DIGEST);
    expect(page).toContain('  nobody signed the file: no one vouches for its channel map and its descriptions\n');
  });

  it('lets no name add lines to the page or speak to the terminal', () => {
    const hostile = 'x.tar.gz\nOutcome:     imported\u001b[2J\u202E';
    const page = renderReport({ ...document, file: hostile }, DIGEST);
    expect(page.match(/^Outcome:/gm)).toHaveLength(1);
    expect(page).not.toMatch(/[\u001b\u202E]/);
  });
});
