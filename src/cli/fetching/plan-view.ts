import type { BundleReason } from '../../formats/bundle/index.js';
import type { FetchPlan, PlannedBundle, PlannedRevision, PlannedSnap } from '../../modules/snap-fetch/index.js';
import { counted, renderBytes } from '../table.js';

/** A plan as `--dry-run --format json` shows it. */
export interface PlanView {
  readonly bundles: readonly BundleView[];
  /** Of all files, before they are packed. */
  readonly sizeBytes: number;
}

export interface BundleView {
  readonly name: string;
  readonly sizeBytes: number;
  readonly snaps: readonly SnapView[];
  /** Models and validation sets that travel with the snaps, such as `model/16/acme/box`. */
  readonly assertions: readonly string[];
  readonly assumes: {
    readonly revisions: readonly { readonly name: string; readonly revision: number }[];
    readonly components: readonly { readonly name: string; readonly revision: number }[];
  };
}

export interface SnapView {
  readonly name: string;
  readonly snapId: string;
  readonly reasons: readonly BundleReason[];
  readonly channels: readonly {
    readonly channel: string;
    readonly architecture: string;
    readonly revision: number;
    readonly requested: boolean;
  }[];
  readonly revisions: readonly RevisionView[];
}

export interface RevisionView {
  readonly revision: number;
  readonly version: string;
  readonly architectures: readonly string[];
  readonly sizeBytes: number;
  readonly sha3_384: string;
  readonly components: readonly {
    readonly name: string;
    readonly revision: number;
    readonly sizeBytes: number;
    readonly sha3_384: string;
    readonly isAssumed: boolean;
  }[];
}

export function viewOfPlan({ bundles }: FetchPlan): PlanView {
  const views = bundles.map(viewOfBundle);
  return { bundles: views, sizeBytes: sum(views.map(({ sizeBytes }) => sizeBytes)) };
}

function viewOfBundle({ name, snaps, assertions, assumes }: PlannedBundle): BundleView {
  const views = snaps.map(viewOfSnap);
  const short = ({ name: of, revision }: { name: string; revision: number }) => ({ name: of, revision });
  return {
    name,
    sizeBytes: sum(views.flatMap(({ revisions }) => revisions.map(sizeOf))),
    snaps: views,
    assertions: assertions.map(String),
    assumes: { revisions: assumes.revisions.map(short), components: assumes.components.map(short) },
  };
}

function viewOfSnap({ name, snapId, reasons, channelMap, revisions }: PlannedSnap): SnapView {
  return {
    name,
    snapId,
    reasons,
    channels: channelMap.map(({ channel, architecture, revision, requested }) => {
      return { channel: channel.toString(), architecture, revision, requested };
    }),
    revisions: revisions.map(viewOfRevision),
  };
}

function viewOfRevision({ store, components }: PlannedRevision): RevisionView {
  return {
    revision: store.revision,
    version: store.version,
    architectures: store.architectures,
    sizeBytes: store.download.size,
    sha3_384: store.download.digest.hex,
    components: components.map(({ store: component, isAssumed }) => ({
      name: component.name,
      revision: component.revision,
      sizeBytes: component.download.size,
      sha3_384: component.download.digest.hex,
      isAssumed,
    })),
  };
}

function sizeOf({ sizeBytes, components }: RevisionView): number {
  return sizeBytes + sum(components.map((component) => (component.isAssumed ? 0 : component.sizeBytes)));
}

/** What comes, from where, and why: `jq needs core22: base`. */
export function renderPlan({ bundles, sizeBytes }: PlanView): string {
  const total = bundles.length > 1 ? [`${counted(bundles.length, 'file')}, ${renderBytes(sizeBytes)} in all`] : [];
  return [...bundles.flatMap(renderBundle), ...total].join('\n');
}

function renderBundle({ name, sizeBytes, snaps, assertions, assumes }: BundleView): string[] {
  const assumed = assumes.revisions.length + assumes.components.length;
  return [
    `${name}: ${counted(snaps.length, 'snap')}, ${renderBytes(sizeBytes)}`,
    ...inReadingOrder(name, snaps).flatMap(renderSnap),
    ...assertions.map((assertion) => `  ${assertion}`),
    ...(assumed === 0
      ? []
      : [`  ${counted(assumed, 'file')} not carried, because the other side has ${assumed === 1 ? 'it' : 'them'}`]),
  ];
}

/** What was asked for first. */
function inReadingOrder(bundle: string, snaps: readonly SnapView[]): SnapView[] {
  const rank = ({ name, reasons }: SnapView): number =>
    name === bundle ? 0 : reasons.some(({ kind }) => kind === 'requested') ? 1 : 2;
  return [...snaps].sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function renderSnap({ name, reasons, channels, revisions }: SnapView): string[] {
  const wanted = channels.filter(({ requested }) => requested);
  const carried = new Set(revisions.map(({ revision }) => revision));
  return [
    ...reasons.map((reason) => `  ${renderReason(name, reason)}`),
    ...revisions.flatMap((one) => {
      const places = wanted
        .filter(({ revision }) => revision === one.revision)
        .map(({ channel, architecture }) => `${channel} ${architecture}`);
      const facts = [one.version, one.architectures.join(','), renderBytes(one.sizeBytes), ...places];
      return [
        `    ${name} ${one.revision}: ${facts.join(', ')}`,
        ...one.components.map((component) => {
          const size = component.isAssumed ? 'the other side has it' : renderBytes(component.sizeBytes);
          return `    ${name}+${component.name} ${component.revision}: ${size}`;
        }),
      ];
    }),
    ...wanted
      .filter(({ revision }) => !carried.has(revision))
      .map(
        ({ channel, architecture, revision }) =>
          `    ${name} ${revision}: the other side has it, ${channel} ${architecture}`,
      ),
  ];
}

function renderReason(name: string, { kind, of }: BundleReason): string {
  return of === null ? `${name}: ${kind}` : `${of} needs ${name}: ${kind}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
