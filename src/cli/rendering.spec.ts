import { describe, expect, it } from 'vitest';

import type { ImportReport } from '../modules/snap-import/index.js';
import { renderStatus } from './commands/status.js';
import type { StoreStatus } from './diagnosis/status.js';
import { renderImport } from './import-report.js';
import { Output } from './output.js';
import { Progress } from './progress.js';
import { counted, renderBytes, renderTable } from './table.js';

function sink(isTerminal = false) {
  const written: string[] = [];
  return {
    written,
    isTerminal,
    hasColor: isTerminal,
    write: (text: string) => written.push(text),
    flush: () => Promise.resolve(),
  };
}

describe('tables and numbers', () => {
  it('are as wide as they must be, without trailing space', () => {
    expect(
      renderTable(
        ['Name', 'Stores'],
        [
          ['core24', 'ubuntu'],
          ['jq', ''],
        ],
      ),
    ).toBe('Name    Stores\ncore24  ubuntu\njq');
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_048_575, '1.0 MiB'],
    [4.2 * 1024 ** 3, '4.2 GiB'],
    [3 * 1024 ** 5, '3072.0 TiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(renderBytes(bytes)).toBe(text);
  });

  it('counts one and many', () => {
    expect([counted(1, 'snap'), counted(2, 'snap'), counted(0, 'snap')]).toEqual(['1 snap', '2 snaps', '0 snaps']);
  });
});

describe(renderStatus.name, () => {
  const status: StoreStatus = {
    storeUrl: 'https://snaps.internal',
    storeDb: { state: 'ok', reason: null },
    isAirGapped: true,
    registration: 'registered',
    storeId: '3dqTufgq',
    holdings: { snaps: 12, revisions: 31, sizeBytes: 4.2 * 1024 ** 3 },
    services: { catalog: 'running' },
    policyViolations: null,
  };

  it('keeps the wording that scripts read', () => {
    expect(renderStatus(status)).toBe(
      [
        'Store URL: https://snaps.internal',
        'Store DB: ok',
        'Store is in air-gapped mode',
        'Store ID: 3dqTufgq',
        'Snaps: 12 (31 revisions, 4.2 GiB)',
        'Internal Service Status:',
        '  catalog: running',
      ].join('\n'),
    );
  });

  it('says what is not known, on lines that stay YAML', () => {
    const lines = renderStatus({
      ...status,
      storeDb: { state: 'error', reason: 'the database at x: y\ncannot be reached' },
      isAirGapped: false,
      registration: 'none',
      storeId: null,
      holdings: null,
    }).split('\n');
    expect(lines.slice(1, 4)).toEqual([
      'Store DB: error (the database at x, y cannot be reached)',
      'Store ID: not registered',
      'Snaps: unknown',
    ]);
  });

  it('says that a store without an assertion has none on purpose', () => {
    const text = renderStatus({ ...status, registration: 'self-issued', storeId: null });
    expect(text.split('\n')[3]).toBe('Store ID: not registered (self-issued)');
  });
});

describe(renderImport.name, () => {
  const report: ImportReport = {
    file: 'jq.tar.gz',
    kind: 'bundle',
    bundleId: 'b',
    alreadyImported: false,
    dryRun: false,
    released: { rule: 'fetched', channel: null },
    signature: { state: 'known-signer', signer: 'k'.repeat(64), signerName: 'laptop' },
    checked: {
      extent: 'everything',
      manifestSha3_384: 'ab',
      assertions: { count: 4, byType: { 'snap-revision': 2, account: 2 }, keys: [] },
      snaps: { count: 2, sizeBytes: 2 },
      components: { count: 1, sizeBytes: 1 },
      media: { count: 2, sizeBytes: 2 },
      policyVersion: null,
    },
    snaps: [snap('jq', 'added'), snap('core22', 'updated')],
    revisions: [revision('jq', 6, 'added'), revision('core22', 1, 'unchanged')],
    components: [
      {
        name: 'jq',
        snapId: 'jq',
        component: 'docs',
        revision: 3,
        type: 'standard',
        version: null,
        sizeBytes: 1,
        sha3_384: 'cd',
        outcome: 'added',
      },
    ],
    media: [
      { sha3_384: 'ef', contentType: 'image/png', sizeBytes: 1, outcome: 'added' },
      { sha3_384: 'ee', contentType: 'image/png', sizeBytes: 1, outcome: 'unchanged' },
    ],
    releases: [
      { name: 'jq', architecture: 'amd64', channel: 'latest/stable', from: 5, to: 6, outcome: 'moved' },
      { name: 'jq', architecture: 'amd64', channel: 'latest/edge', from: 9, to: 9, outcome: 'kept' },
      { name: 'core22', architecture: 'amd64', channel: 'latest/stable', from: 1, to: 1, outcome: 'unchanged' },
    ],
    assertions: { added: 3, updated: 0, unchanged: 1 },
    notes: [],
    record: { number: 17, id: 'b', sha3_384: 'abcd' },
  };

  it('tells each snap by itself, and of channels what became of them', () => {
    expect(renderImport(report).split('\n')).toEqual([
      '[snap jq] Uploaded snap blob and assertions for jq revision 6',
      '[snap jq] Uploaded component blob and assertions for jq+docs revision 3',
      '[snap jq] latest/stable amd64: 5 -> 6',
      '[snap jq] latest/edge amd64 stays 9, which was released here by hand',
      '[snap jq] Channelmaps were successfully updated.',
      '[snap core22] core22 revision 1 is already there',
      '[snap core22] What the store says of core22 is new',
      '[snap core22] latest/stable amd64 is 1 already',
      'jq.tar.gz: new: 1 snap, 1 revision, 1 component, 1 picture, 3 assertions; updated: 1 snap; 1 channel moved; signed by laptop',
      'jq.tar.gz: recorded as import 17, whose report has the SHA3-384 digest abcd',
    ]);
  });

  it('claims nothing on a dry run', () => {
    const text = renderImport({ ...report, dryRun: true, record: null });
    expect(text).toContain('[snap jq] Would upload snap blob and assertions for jq revision 6');
    expect(text).not.toMatch(/Uploaded|successfully|recorded/);
    expect(text).toMatch(/jq\.tar\.gz: verified; nothing was changed$/);
  });

  function snap(name: string, outcome: 'added' | 'updated') {
    return { name, snapId: name, publisher: null, outcome, isDescriptionNew: true };
  }

  function revision(name: string, number: number, outcome: 'added' | 'unchanged') {
    const facts = { version: '1', architectures: ['amd64'], sizeBytes: 1, sha3_384: 'ab' };
    return { name, snapId: name, revision: number, outcome, ...facts };
  }
});

describe(Output.name, () => {
  const answer = { name: 'jq', digest: 'ab' };

  it.each([
    ['text', 'jq ab\n'],
    ['json', '{\n  "name": "jq",\n  "digest": "ab"\n}\n'],
    ['yaml', 'name: jq\ndigest: ab\n'],
  ] as const)('answers in %s', (format, expected) => {
    const [stdout, stderr] = [sink(), sink()];
    const output = new Output(stdout, stderr, { format, quiet: false, color: true });
    output.result(answer, () => 'jq ab');
    output.text(format === 'text' ? '' : 'only for people');
    expect(stdout.written.join('')).toBe(expected);
    expect(stderr.written).toEqual([]);
  });

  it('paints on a terminal, for people, unless told not to', () => {
    const paint = (isTerminal: boolean, options: { format?: 'json'; color?: false }) =>
      new Output(sink(isTerminal), sink(), { format: 'text', quiet: false, color: true, ...options }).paint('red', 'x');
    expect(paint(true, {})).toBe('\u001b[31mx\u001b[0m');
    expect([paint(false, {}), paint(true, { color: false }), paint(true, { format: 'json' })]).toEqual(['x', 'x', 'x']);
  });
});

describe(Progress.name, () => {
  const states = [0, 50, 100].map((done) => ({ step: 'reading', done, total: 100, unit: 'items' as const }));
  const report = (format: 'text' | 'json', columns: number | null, quiet = false): string[] => {
    const stderr = sink();
    let now = 0;
    const progress = new Progress(
      'jq.snap',
      stderr,
      { format, quiet },
      () => columns,
      () => (now += 1_000),
    );
    for (const state of [...states, { ...states[2]!, step: 'verifying' }]) progress.report(state);
    progress.end();
    return stderr.written;
  };

  it('is one line a step where there is no terminal', () => {
    expect(report('text', null)).toEqual(['jq.snap: reading\n', 'jq.snap: verifying\n']);
  });

  it('is a bar on a terminal, cut to its width and taken away at the end', () => {
    const written = report('text', 80);
    expect(written[1]).toBe('\r\u001b[Kjq.snap: reading [############------------] 50% of 100');
    expect(written.at(-1)).toBe('\r\u001b[K');
    expect(report('text', 20)[1]).toBe('\r\u001b[Kjq.snap: reading [#');
  });

  it.each([
    [65, '1:05'],
    [7, '0:07'],
    [3725, '1:02:05'],
  ])('says how fast it goes, and that %i seconds are left as %s', (secondsLeft, clock) => {
    const stderr = sink();
    const progress = new Progress(
      'jq',
      stderr,
      { format: 'text', quiet: false },
      () => 120,
      () => 0,
    );
    const pace = { bytesPerSecond: 2 * 1024 * 1024, secondsLeft };
    progress.report({ step: 'downloading', done: 0, total: 1024, unit: 'bytes', ...pace });
    expect(stderr.written[0]).toContain(`0% of 1.0 KiB, 2.0 MiB/s, ${clock} left`);
  });

  it('counts seconds where nobody knows how many there will be', () => {
    const stderr = sink();
    const progress = new Progress(
      'keys',
      stderr,
      { format: 'text', quiet: false },
      () => 80,
      () => 0,
    );
    progress.report({ step: 'making a key', done: 3, total: null, unit: 'seconds' });
    expect(stderr.written).toEqual(['\r\u001b[Kkeys: making a key 3 s']);
  });

  it('is one document a step for machines, and nothing for who wants quiet', () => {
    expect(report('json', 80).map((line) => JSON.parse(line) as object)).toEqual([
      { progress: { what: 'jq.snap', ...states[0] } },
      { progress: { what: 'jq.snap', ...states[2], step: 'verifying' } },
    ]);
    expect(report('text', 80, true)).toEqual([]);
  });
});
