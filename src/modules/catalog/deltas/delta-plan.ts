import { runsOn } from '../../../kernel/architecture.js';
import type { ChannelSource, HeldRevision } from '../resolution/catalog-entry.js';
import { architecturesOf, ChannelView } from '../resolution/channel-view.js';
import type { DeltaKey } from './delta.repository.js';
import type { DeltaRules } from './delta-settings.js';

type Sized = HeldRevision & { readonly sizeBytes: number };

/** What planning needs to know of a snap. */
export interface DeltaSource extends ChannelSource {
  readonly revisions: ReadonlyMap<number, Sized>;
}

/**
 * The deltas that devices may ask for: on each architecture, to every revision that an open channel holds, from the revisions
 * before it that run there, nearest first. The newest target comes first.
 */
export function wantedDeltas(
  source: DeltaSource,
  { revisions, maxSnapBytes }: Pick<DeltaRules, 'revisions' | 'maxSnapBytes'>,
): DeltaKey[] {
  const held = [...source.revisions.values()].sort((one, other) => other.revision - one.revision);
  const wanted = new Map<string, DeltaKey>();
  for (const architecture of architecturesOf(source)) {
    const open = ChannelView.of(source, architecture).inOrder(source.defaultTrack);
    const here = held.filter(({ architectures }) => runsOn(architectures, architecture));
    for (const targetRevision of new Set(open.map(({ revision }) => revision))) {
      const older = here.filter(({ revision }) => revision < targetRevision).slice(0, revisions);
      for (const { revision: sourceRevision } of older)
        wanted.set(`${sourceRevision} ${targetRevision}`, { sourceRevision, targetRevision });
    }
  }
  const fits = (revision: number): boolean => (source.revisions.get(revision)?.sizeBytes ?? Infinity) <= maxSnapBytes;
  return [...wanted.values()]
    .filter(({ sourceRevision, targetRevision }) => fits(sourceRevision) && fits(targetRevision))
    .sort((one, other) => other.targetRevision - one.targetRevision || other.sourceRevision - one.sourceRevision);
}
