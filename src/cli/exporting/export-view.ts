import type { ExportPlan, PlannedExport } from '../../modules/snap-export/index.js';
import type { BundleView, PlanView, SnapView } from '../fetching/plan-view.js';

/** An export as it is shown: like what is fetched, because it is a bundle like that. */
export function viewOfExport({ bundles }: ExportPlan): PlanView {
  const views = bundles.map(viewOfBundle);
  return { bundles: views, sizeBytes: sum(views.map(({ sizeBytes }) => sizeBytes)) };
}

function viewOfBundle({ name, snaps, media, assumes }: PlannedExport): BundleView {
  const short = ({ name: of, revision }: { name: string; revision: number }) => ({ name: of, revision });
  const views = snaps.map(viewOfSnap);
  return {
    name,
    sizeBytes:
      sum(snaps.flatMap(({ revisions, components }) => [...revisions, ...components].map((one) => one.sizeBytes))) +
      sum(media.map(({ size }) => size)),
    snaps: views,
    assertions: [],
    assumes: { revisions: assumes.revisions.map(short), components: assumes.components.map(short) },
  };
}

function viewOfSnap({ held, reasons, channelMap, revisions, components }: PlannedExport['snaps'][number]): SnapView {
  return {
    name: held.name,
    snapId: held.snapId,
    reasons,
    channels: channelMap.map(({ channel, architecture, revision, requested }) => {
      return { channel: channel.toString(), architecture, revision, requested };
    }),
    revisions: revisions.map(({ revision, version, architectures, sizeBytes, sha3_384, components: pairs }) => ({
      revision,
      version,
      architectures,
      sizeBytes,
      sha3_384,
      components: held.components
        .filter((one) => pairs.some((pair) => pair.name === one.name && pair.revision === one.revision))
        .map((one) => ({
          name: one.name,
          revision: one.revision,
          sizeBytes: one.sizeBytes,
          sha3_384: one.sha3_384,
          isAssumed: !components.includes(one),
        })),
    })),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
