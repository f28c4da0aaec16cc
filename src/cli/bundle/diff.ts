import {
  diffBundles,
  type BundleDifference,
  type BundleSource,
  type Change,
  type SnapDifference,
} from '../../formats/bundle/index.js';
import type { Output } from '../output.js';
import { renderBytes } from '../table.js';
import { OpenBundle } from './bundle-contents.js';

/** One of the two bundles. */
export interface ComparedBundle {
  readonly file: string;
  readonly id: string;
  readonly created: string;
  /** The key-id of the manifest's signature, which holds; null where there is none. */
  readonly signer: string | null;
}

export interface BundleComparison extends BundleDifference {
  readonly from: ComparedBundle;
  readonly to: ComparedBundle;
}

/** Compares what two bundles say; their snaps are not read. @throws BundleError, AssertionRefusedError */
export async function compareBundles(
  sources: readonly [BundleSource, BundleSource],
  signal: AbortSignal,
): Promise<BundleComparison> {
  const [from, to] = [await contentsOf(sources[0], signal), await contentsOf(sources[1], signal)];
  return { from: from.compared, to: to.compared, ...diffBundles(from, to) };
}

async function contentsOf(source: BundleSource, signal: AbortSignal) {
  const bundle = await OpenBundle.open(source, signal, 'nobody');
  await bundle.close();
  const { file, signer, assertions } = bundle;
  const { manifest } = bundle.head;
  const { id, created } = manifest;
  return { manifest, signer, assertions, compared: { file, id, created, signer } };
}

const SIGNS: Record<Change, string> = { added: '+', removed: '-', changed: '~' };
const COLORS = { added: 'green', removed: 'red', changed: 'yellow' } as const;

export function renderComparison(out: Output, { from, to, ...difference }: BundleComparison): string {
  const line = (change: Change, text: string): string => `${out.paint(COLORS[change], SIGNS[change])} ${text}`;
  const heads = [from, to].map(
    ({ file, created, signer }) =>
      `${file}: made ${created}, ${signer === null ? 'not signed' : `signed by ${signer}`}`,
  );
  if (difference.isSameContent) return [...heads, 'both hold the same'].join('\n');
  return [
    ...heads,
    ...difference.snaps.flatMap((snap) => renderSnap(snap, line)),
    ...difference.assertions.map(({ assertion, change, from: before, to: after }) =>
      line(change, `assertion ${assertion}${change === 'changed' ? `: ${before ?? ''} -> ${after ?? ''}` : ''}`),
    ),
    ...difference.media.map(({ sha3_384, change }) => line(change, `picture ${sha3_384}`)),
    ...difference.assumes.map(({ what, change }) => line(change, `counts on ${what}`)),
  ].join('\n');
}

function renderSnap(
  { name, snapId, change, revisions, components, releases, fields }: SnapDifference,
  line: (change: Change, text: string) => string,
): string[] {
  const inner = [
    ...revisions.map((one) =>
      line(
        one.change,
        `revision ${one.revision}: ${one.version}, ${one.architectures.join(',')}, ${renderBytes(one.sizeBytes)}`,
      ),
    ),
    ...components.map((one) => line(one.change, `component ${one.name} revision ${one.revision}`)),
    ...releases.map(({ channel, architecture, from, to, requested }) => {
      const kind = from === null ? 'added' : to === null ? 'removed' : 'changed';
      return line(
        kind,
        `${channel} ${architecture}: ${from ?? 'none'} -> ${to ?? 'none'}${requested ? ' (fetched)' : ''}`,
      );
    }),
    ...(fields.length === 0 ? [] : [line('changed', `says otherwise: ${fields.join(', ')}`)]),
  ];
  return [line(change, `${name} ${snapId}`), ...inner.map((text) => `    ${text}`)];
}
