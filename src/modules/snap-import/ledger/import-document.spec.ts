import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { documentProblems, hasDigest, parseDocument, sealDocument, type ImportDocument } from './import-document.js';

const PREVIOUS = 'ab'.repeat(48);

const document: ImportDocument = {
  type: 'import-report',
  format: 1,
  number: 17,
  id: '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11',
  previous: PREVIOUS,
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:04:06.000Z',
  by: { user: 'root (by sudo from alice)', host: 'store' },
  tool: { name: 'snap-store-proxy', version: '0.1.0' },
  file: 'jq-Überblick.tar.gz',
  outcome: 'failed',
  failure: { code: 'snap-refused', message: 'jq_6.snap has no snap-declaration assertion' },
  report: null,
};

describe(sealDocument.name, () => {
  it('spells a document in one way, whatever the order in which it was put together', () => {
    const turned = Object.fromEntries(Object.entries(document).reverse()) as unknown as ImportDocument;
    const { text } = sealDocument(document);
    expect(sealDocument(turned).text).toBe(text);
    expect(text).toMatch(/^\{"by":\{"host":"store","user":"root .*"type":"import-report"\}\n$/);
    expect(parseDocument(text)).toEqual(document);
  });

  it('gives the digest of its bytes, as other tools compute it', () => {
    const { text, sha3_384 } = sealDocument(document);
    expect(sha3_384).toBe(createHash('sha3-384').update(Buffer.from(text, 'utf8')).digest('hex'));
    expect([hasDigest(text, sha3_384), hasDigest(`${text} `, sha3_384)]).toEqual([true, false]);
  });
});

describe(documentProblems.name, () => {
  const { text, sha3_384 } = sealDocument(document);
  const place = { sha3_384, number: 17, previous: PREVIOUS };

  it('finds none in a document that is as it was recorded', () => {
    expect(documentProblems(text, place)).toEqual([]);
  });

  it.each([
    ['a changed byte', text.replace('alice', 'alicf'), place, /^its digest is [0-9a-f]{96}, and [0-9a-f]{96} was rec/],
    ['what is no JSON any more', '{', place, /^its digest is/],
    ['another number', text, { ...place, number: 18 }, /^it says that it is number 17$/],
    ['another one before it', text, { ...place, previous: 'cd'.repeat(48) }, /^it follows the report abab.*is cdcd/],
    ['none before it', text, { ...place, previous: null }, /^it follows the report abab.* is none$/],
  ])('finds %s', (_, changed, expected, problem) => {
    const problems = documentProblems(changed, expected);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
