import { DEFAULT_TRACK } from '../../kernel/channel.js';
import type { Snap } from './entities/snap.entity.js';

/** The track that an install without a track goes to: an operator's word counts before a bundle's. Null means `latest`. */
export function defaultTrackOf({
  chosenTrack,
  defaultTrack,
}: Pick<Snap, 'chosenTrack' | 'defaultTrack'>): string | null {
  const track = chosenTrack ?? defaultTrack;
  return track === DEFAULT_TRACK ? null : track;
}
