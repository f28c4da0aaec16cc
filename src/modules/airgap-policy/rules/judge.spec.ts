import { describe, expect, it } from 'vitest';

import { judge, type CandidateSnap } from './judge.js';
import { parsePolicy } from './policy-document.js';

const JQ: CandidateSnap = {
  name: 'jq',
  snapId: '6OcG4N9SNv6FQeWBRdLdZXk5QcSrCxVc',
  revision: 6,
  publisherId: '4otUHvJ0Mp8wvY9nwd0lCJ5CLZqZaiWN',
  publisherName: 'mvo',
  sizeBytes: 2 * 1024 * 1024,
  contents: { confinement: 'strict', interfaces: ['home', 'network'], architectures: ['amd64', 'arm64'] },
};

const rules = (text: string, snap: Partial<CandidateSnap> = {}): string[] =>
  judge(parsePolicy(`format: 1\n${text}`, 'policy.yaml'), { ...JQ, ...snap }).map(({ rule }) => rule);

describe(judge.name, () => {
  it.each([
    ['', []],
    ['publishers: { allow: [mvo] }', []],
    ['publishers: { allow: [4otUHvJ0Mp8wvY9nwd0lCJ5CLZqZaiWN, canonical] }', []],
    ['publishers: { allow: [canonical] }', ['publishers.allow']],
    ['publishers: { deny: [mvo] }', ['publishers.deny']],
    ['publishers: { allow: [mvo], deny: [mvo] }', ['publishers.deny']],
    ['publishers: { allow: [] }', ['publishers.allow']],
    ['snaps: { allow: ["j*"] }', []],
    ['snaps: { allow: ["*q"] }', []],
    ['snaps: { allow: ["*"] }', []],
    ['snaps: { allow: ["j*jq*q"] }', ['snaps.allow']],
    ['snaps: { deny: ["jq*q"] }', []],
    ['snaps: { deny: [6OcG4N9SNv6FQeWBRdLdZXk5QcSrCxVc] }', ['snaps.deny']],
    ['snaps: { allow: [jqq, j] }', ['snaps.allow']],
    ['confinement: { allow: [strict] }', []],
    ['confinement: { allow: [classic] }', ['confinement.allow']],
    ['interfaces: { deny: [network] }', ['interfaces.deny']],
    ['interfaces: { allow: [home, network, x11] }', []],
    ['interfaces: { allow: [home] }', ['interfaces.allow']],
    ['architectures: { allow: [amd64] }', ['architectures.allow']],
    ['architectures: { allow: [amd64, arm64, all] }', []],
    ['architectures: { deny: [riscv64] }', []],
    ['size: { max: 2MiB }', []],
    ['size: { max: 2097151 }', ['size.max']],
    ['size: { max: 1 GiB }', []],
    [
      'snaps: { deny: [jq] }\nsize: { max: 1 }\ninterfaces: { deny: [home] }',
      ['snaps.deny', 'interfaces.deny', 'size.max'],
    ],
  ])('by %j objects with %j', (text, expected) => {
    expect(rules(text)).toEqual(expected);
  });

  it('keeps to what is known before a snap is read', () => {
    const text =
      'confinement: { allow: [] }\ninterfaces: { deny: [home] }\narchitectures: { deny: [amd64] }\nsize: { max: 1 }';
    expect(rules(text, { contents: null })).toEqual(['size.max']);
  });

  it('knows a publisher without a user name by the account id', () => {
    const snap = { publisherName: null };
    expect(rules('publishers: { allow: [mvo] }', snap)).toEqual(['publishers.allow']);
    expect(rules(`publishers: { allow: [${JQ.publisherId}] }`, snap)).toEqual([]);
  });

  it('says what it objects to', () => {
    const document = parsePolicy(
      '{"format":1,"interfaces":{"deny":["home","network"]},"size":{"max":5}}',
      'policy.json',
    );
    expect(judge(document, JQ)).toEqual([
      { rule: 'interfaces.deny', reason: 'it names home, network' },
      { rule: 'size.max', reason: 'it has 2097152 bytes, more than 5' },
    ]);
  });

  it('takes a pattern of many stars no longer than another', () => {
    const pattern = `${'a*'.repeat(31)}b`;
    const started = performance.now();
    expect(rules(`snaps: { deny: ["${pattern}"] }`, { name: 'a'.repeat(40) })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe(parsePolicy.name, () => {
  it('reads back what it has read', () => {
    const document = parsePolicy('format: 1\nsnaps: { allow: [jq], deny: [] }\nsize: { max: 2KiB }', 'p');
    expect(document).toEqual({ format: 1, snaps: { allow: ['jq'], deny: [] }, size: { maxBytes: 2048 } });
    expect(parsePolicy(JSON.stringify(document), 'p')).toEqual(document);
  });

  it.each([
    ['', 'a mapping in the document'],
    ['[]', 'a mapping in the document'],
    ['snaps: { allow: [jq] }', 'format: 1'],
    ['format: 2', 'format: 1'],
    ['format: "1"', 'format: 1'],
    ['format: 1\nsnap: {}', 'has "snap", and knows: publishers, snaps'],
    ['format: 1\nsnaps: [jq]', 'needs a mapping in "snaps"'],
    ['format: 1\nsnaps: {}', 'neither allow nor deny'],
    ['format: 1\nsnaps: { forbid: [jq] }', 'has "snaps.forbid"'],
    ['format: 1\nsnaps: { allow: jq }', 'a list in "snaps.allow"'],
    ['format: 1\nsnaps: { allow: [7] }', 'has 7 in "snaps.allow"'],
    ['format: 1\nsnaps: { allow: [~] }', 'has null in "snaps.allow"'],
    ['format: 1\nsnaps: { allow: ["j q"] }', 'has "j q" in "snaps.allow"'],
    ['format: 1\nconfinement: { deny: [Classic] }', 'accepted: strict, classic or devmode'],
    ['format: 1\narchitectures: { deny: [x86] }', 'accepted: amd64'],
    ['format: 1\nsize: { max: 2GB }', 'size.max'],
    ['format: 1\nsize: { max: -1 }', 'size.max'],
    ['format: 1\nsize: { max: 9007199254740993 }', 'size.max'],
    ['format: 1\nsize: { min: 1 }', 'has "size.min"'],
    ['format: 1\nsnaps: { allow: [a }', 'is not YAML'],
    ['format: 1\nformat: 1', 'is not YAML'],
    ['format: 1\nsnaps: &a { allow: [jq] }\npublishers: *a', 'is not plain YAML'],
  ])('refuses %j', (text, reason) => {
    expect(() => parsePolicy(text, 'policy.yaml')).toThrow(reason);
    expect(() => parsePolicy(text, 'policy.yaml')).toThrow(expect.objectContaining({ code: 'policy-invalid' }));
  });
});
