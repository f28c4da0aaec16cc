import type { Snap } from './entities/snap.entity.js';

/**
 * The track that an install without a track goes to: an operator's word counts before a bundle's. Null means `latest`, which
 * may also be said.
 */
export function defaultTrackOf({
  chosenTrack,
  defaultTrack,
}: Pick<Snap, 'chosenTrack' | 'defaultTrack'>): string | null {
  return chosenTrack ?? defaultTrack;
}
