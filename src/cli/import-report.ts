import type { ImportReport } from '../modules/snap-import/index.js';
import { renderMove } from './channel-moves.js';
import { counted } from './table.js';

/** The report of one file. The two sentences that operators' scripts look for keep their wording (the incumbent's). */
export function renderImport(report: ImportReport): string {
  const { file, dryRun } = report;
  if (report.alreadyImported) return `${file}: already imported; nothing to change`;
  const { snaps, revisions, components, releases } = report;
  const names = [...new Set([...revisions, ...components, ...releases, ...snaps].map(({ name }) => name))];
  const lines = [...names.flatMap((name) => renderSnap(report, name)), `${file}: ${summaryOf(report)}`];
  const { record } = report;
  if (record !== null) {
    const { number, sha3_384 } = record;
    lines.push(`${file}: recorded as import ${number}, whose report has the SHA3-384 digest ${sha3_384}`);
  }
  return dryRun ? [...lines, `${file}: verified; nothing was changed`].join('\n') : lines.join('\n');
}

/** `new: 1 snap, 2 revisions; updated: 1 snap; 3 channels moved; signed by laptop`. */
export function summaryOf({
  signature,
  snaps,
  revisions,
  components,
  media,
  releases,
  assertions,
}: Omit<ImportReport, 'record'>): string {
  const count = (of: readonly { readonly outcome: string }[], outcome: string): number =>
    of.filter((one) => one.outcome === outcome).length;
  const added = listed([
    [count(snaps, 'added'), 'snap'],
    [count(revisions, 'added'), 'revision'],
    [count(components, 'added'), 'component'],
    [count(media, 'added'), 'picture'],
    [assertions.added, 'assertion'],
  ]);
  const updated = listed([
    [count(snaps, 'updated'), 'snap'],
    [assertions.updated, 'assertion'],
  ]);
  const moved = count(releases, 'moved');
  const { signer, signerName } = signature;
  return [
    ...(added === '' ? [] : [`new: ${added}`]),
    ...(updated === '' ? [] : [`updated: ${updated}`]),
    ...(moved === 0 ? [] : [`${counted(moved, 'channel')} moved`]),
    signer === null ? 'not signed' : `signed by ${signerName ?? signer}`,
  ].join('; ');
}

function listed(counts: readonly (readonly [number, string])[]): string {
  return counts
    .filter(([number]) => number > 0)
    .map(([number, noun]) => counted(number, noun))
    .join(', ');
}

function renderSnap(report: ImportReport, name: string): string[] {
  const { dryRun } = report;
  const releases = report.releases.filter((release) => release.name === name);
  const revisions = report.revisions
    .filter((revision) => revision.name === name)
    .map(({ revision, outcome }) => {
      if (outcome === 'unchanged') return `${name} revision ${revision} is already there`;
      const verb = dryRun ? 'Would upload' : 'Uploaded';
      return `${verb} snap blob and assertions for ${name} revision ${revision}`;
    });
  const components = report.components
    .filter((component) => component.name === name)
    .map(({ component, revision, outcome }) => {
      if (outcome === 'unchanged') return `component ${name}+${component} revision ${revision} is already there`;
      const verb = dryRun ? 'Would upload' : 'Uploaded';
      return `${verb} component blob and assertions for ${name}+${component} revision ${revision}`;
    });
  const isDescribed = report.snaps.some(
    (snap) => snap.name === name && snap.outcome === 'updated' && snap.isDescriptionNew,
  );
  const description = isDescribed ? [`What the store says of ${name} ${dryRun ? 'would be' : 'is'} new`] : [];
  const moves = releases.map(renderMove);
  const isMoved = releases.some(({ outcome }) => outcome === 'moved');
  const summary = isMoved && !dryRun ? ['Channelmaps were successfully updated.'] : [];
  return [...revisions, ...components, ...description, ...moves, ...summary].map((line) => `[snap ${name}] ${line}`);
}
