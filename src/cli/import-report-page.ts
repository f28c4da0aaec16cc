import type {
  CheckedFiles,
  ImportChecks,
  ImportDocument,
  ImportedSnap,
  ImportSignature,
} from '../modules/snap-import/index.js';
import { renderMove } from './channel-moves.js';
import { counted, renderBytes } from './table.js';

type Report = NonNullable<ImportDocument['report']>;

/** A report to print and file: plain text, nothing abbreviated. */
export function renderReport(document: ImportDocument, sha3_384: string): string {
  const { number, id, previous, startedAt, finishedAt, by, tool, file, failure, report } = document;
  const bundleId = report?.bundleId ?? null;
  return [
    `Report of import ${number}`,
    '',
    ...fields([
      ['File', file],
      ['Outcome', outcomeOf(document)],
      ['Begun', startedAt],
      ['Ended', finishedAt],
      ['Pushed by', `${by.user ?? 'the store by itself'}${by.host === null ? '' : ` on ${by.host}`}`],
      ['Verified by', `${tool.name} ${tool.version}`],
      ['Id', id],
      ...(bundleId === null ? [] : [['Bundle', bundleId] as const]),
      ...(report === null ? [] : [['Released', releasedTo(report.released)] as const]),
      ['Follows', previous === null ? 'nothing: it is the first' : `the report with the SHA3-384 digest ${previous}`],
    ]),
    ...(failure === null ? [] : section('Why it failed', [`${failure.message} (${failure.code})`])),
    ...(report === null ? [] : sectionsOf(report)),
    '',
    `The SHA3-384 digest of this report is ${sha3_384}`,
    `It is of the bytes that "snap-store-proxy imports show ${number} --raw" prints.`,
  ]
    .map(harmless)
    .join('\n');
}

function outcomeOf({ outcome, report }: ImportDocument): string {
  if (outcome === 'failed' || report === null) return 'failed; nothing of it became visible';
  return report.alreadyImported ? 'nothing was new: all of it was held already' : 'imported';
}

function releasedTo({ rule, channel }: Report['released']): string {
  if (rule === 'channel') return `to ${channel ?? ''} alone`;
  if (rule === 'channel-map') return 'by its channel map, in place of the one that was there';
  return 'to the channels that it was fetched from (without a channel map: latest/stable)';
}

function sectionsOf(report: Report): string[] {
  return [
    ...section('What was checked', checksOf(report.signature, report.checked)),
    ...section('What changed', changesOf(report)),
    ...(report.notes.length === 0 ? [] : section('Notes', report.notes)),
  ];
}

function checksOf(signature: ImportSignature, checked: ImportChecks): string[] {
  const { extent, manifestSha3_384, assertions, snaps, components, media, policyVersion } = checked;
  const { signer, signerName } = signature;
  const rules =
    policyVersion === null ? 'no rules for what may enter were set' : `version ${policyVersion} of the rules let it in`;
  return [
    signer === null
      ? 'nobody signed the file: no one vouches for its channel map and its descriptions'
      : `the signature of ${signerName ?? 'a known signer'}, key ${signer}, holds`,
    ...(manifestSha3_384 === null ? [] : [`bundle.json has the SHA3-384 digest ${manifestSha3_384}`]),
    ...(extent === 'manifest'
      ? ['it was imported before and all of it is held, so nothing else of it was read']
      : [
          `${counted(assertions.count, 'assertion')}, each up to a trusted root: ${typesOf(assertions.byType)}`,
          ...assertions.keys.map(({ authority, key, count }) => `  ${count} signed by ${authority} with key ${key}`),
          ...hashed('snap', snaps, 'as it is signed'),
          ...hashed('component', components, 'as it is signed'),
          ...hashed('picture', media, 'as bundle.json says'),
          rules,
        ]),
  ];
}

function typesOf(byType: ImportChecks['assertions']['byType']): string {
  const types = Object.entries(byType).sort(([one], [other]) => (one < other ? -1 : 1));
  return types.length === 0 ? 'none' : types.map(([type, count]) => `${count} ${type}`).join(', ');
}

function hashed(noun: string, { count, sizeBytes }: CheckedFiles, how: string): string[] {
  if (count === 0) return [];
  return [`${counted(count, noun)}, ${renderBytes(sizeBytes)}: every byte hashed, and ${how}`];
}

function changesOf(report: Report): string[] {
  const { snaps, media, assertions } = report;
  const pictures = media.filter(({ outcome }) => outcome === 'added');
  const { added, updated, unchanged } = assertions;
  return [
    ...snaps.flatMap((snap) => snapLines(report, snap)),
    ...pictures.map(({ contentType, sizeBytes, sha3_384 }) => {
      return `picture ${sha3_384}, ${contentType}, ${renderBytes(sizeBytes)}: added`;
    }),
    `assertions: ${added} added, ${updated} updated, ${unchanged} there already`,
  ];
}

function snapLines({ revisions, components, releases }: Report, snap: ImportedSnap): string[] {
  const { name, snapId, publisher, outcome, isDescriptionNew } = snap;
  const by = publisher === null ? '' : ` of ${publisher.username ?? publisher.id} (account ${publisher.id})`;
  const isOfIt = (one: { readonly name: string }): boolean => one.name === name;
  return [
    `${name} (snap-id ${snapId})${by}: ${outcome}`,
    ...(isDescriptionNew && outcome !== 'added' ? ['  what the store says of it is new'] : []),
    ...revisions
      .filter(isOfIt)
      .flatMap(({ revision, version, architectures, sizeBytes, sha3_384, outcome: what }) => [
        `  revision ${revision}, version ${version}, ${architectures.join(' ')}, ${renderBytes(sizeBytes)}: ${what}`,
        `    SHA3-384 ${sha3_384}`,
      ]),
    ...components
      .filter(isOfIt)
      .flatMap(({ component, revision, type, sizeBytes, sha3_384, outcome: what }) => [
        `  component ${component} revision ${revision}, ${type}, ${renderBytes(sizeBytes)}: ${what}`,
        `    SHA3-384 ${sha3_384}`,
      ]),
    ...releases.filter(isOfIt).map((move) => `  ${renderMove(move)}`),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...lines.map((line) => `  ${line}`)];
}

function fields(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 1;
  return pairs.map(([name, value]) => `${`${name}:`.padEnd(width)} ${value}`);
}

/** Names out of hostile files must not add lines to the page or speak to the terminal. */
function harmless(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
