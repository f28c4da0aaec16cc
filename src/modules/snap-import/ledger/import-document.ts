import { createHash } from 'node:crypto';

import { canonicalJson, type Json } from '../../../formats/bundle/index.js';
import type { ImportReport } from '../import-report.js';

/** What is kept of an import that has ended. Specified in docs/import-report.md. */
export interface ImportDocument {
  readonly type: 'import-report';
  readonly format: 1;
  /** Counts the imports of the store that have ended, from 1 and without a gap. */
  readonly number: number;
  readonly id: string;
  /** The digest of the document before it, in lowercase hex; null for the first. So none can be changed or taken out unnoticed. */
  readonly previous: string | null;
  /** RFC 3339 in UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly by: { readonly user: string | null; readonly host: string | null };
  /** What verified it. */
  readonly tool: { readonly name: string; readonly version: string };
  /** The file's name without its folder. */
  readonly file: string;
  readonly outcome: 'done' | 'failed';
  /** Why it failed; null where it did not. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Null where it failed: nothing of it became visible. */
  readonly report: Omit<ImportReport, 'record'> | null;
}

export interface SealedDocument {
  readonly text: string;
  /** Of the text in UTF-8; lowercase hex. */
  readonly sha3_384: string;
}

/** The one spelling of a document, and the digest of that. */
export function sealDocument(document: ImportDocument): SealedDocument {
  const text = canonicalJson(JSON.parse(JSON.stringify(document)) as Json);
  return { text, sha3_384: digestOf(text) };
}

/** What is wrong with a document that should have this digest and place in the ledger; empty where it is as it was recorded. */
export function documentProblems(
  text: string,
  expected: { readonly sha3_384: string; readonly number: number; readonly previous: string | null },
): string[] {
  const digest = digestOf(text);
  if (digest !== expected.sha3_384) return [`its digest is ${digest}, and ${expected.sha3_384} was recorded`];
  const { number, previous } = parseDocument(text);
  const problems: string[] = [];
  if (number !== expected.number) problems.push(`it says that it is number ${number}`);
  if (previous !== expected.previous)
    problems.push(
      `it follows the report ${previous ?? 'none'}, and the one before it is ${expected.previous ?? 'none'}`,
    );
  return problems;
}

export function hasDigest(text: string, sha3_384: string): boolean {
  return digestOf(text) === sha3_384;
}

/** A document whose digest is right was written by `sealDocument`. */
export function parseDocument(text: string): ImportDocument {
  return JSON.parse(text) as ImportDocument;
}

function digestOf(text: string): string {
  return createHash('sha3-384').update(text, 'utf8').digest('hex');
}
