import { renderMove } from './channel-moves.js';
import type { ImportReport } from '../modules/snap-import/index.js';

/** The report of one file. The two sentences that operators' scripts look for keep their wording (the incumbent's). */
export function renderImport(report: ImportReport): string {
  const { file, dryRun } = report;
  if (report.alreadyImported) return `${file}: already imported; nothing to change`;
  const names = [...new Set([...report.revisions, ...report.releases].map(({ name }) => name))];
  const lines = names.flatMap((name) => renderSnap(report, name));
  return dryRun ? [...lines, `${file}: verified; nothing was changed`].join('\n') : lines.join('\n');
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
  const moves = releases.map(renderMove);
  const isMoved = releases.some(({ outcome }) => outcome === 'moved');
  const summary = isMoved && !dryRun ? ['Channelmaps were successfully updated.'] : [];
  return [...revisions, ...moves, ...summary].map((line) => `[snap ${name}] ${line}`);
}
