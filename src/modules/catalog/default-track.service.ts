import { Injectable } from '@nestjs/common';

import { Channel } from '../../kernel/channel.js';
import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { SnapNotHeldError, TrackNotOpenError } from './catalog.errors.js';
import { CATALOG_TOPIC } from './catalog-writer.js';
import { defaultTrackOf } from './default-track.js';
import type { Snap } from './entities/snap.entity.js';
import { ReleaseRepository } from './repositories/release.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';

export interface DefaultTrack {
  readonly name: string;
  /** Null means `latest`. */
  readonly track: string | null;
  /** Whether an operator said so, rather than what a bundle brought. */
  readonly isChosen: boolean;
}

/** The track on which devices are that ask for a snap and name none. */
@Injectable()
export class DefaultTrackService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly releases: ReleaseRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /** @throws SnapNotHeldError */
  async of(name: string): Promise<DefaultTrack> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    return described(snap);
  }

  /**
   * From now on, whatever bundles say, until it is cleared.
   * @throws SnapNotHeldError, InvalidChannelError, TrackNotOpenError where nothing is released on it
   */
  async choose(name: string, track: string): Promise<DefaultTrack> {
    const { track: parsed } = Channel.parse(`${track}/stable`);
    // A risk alone is a channel without a track.
    if (parsed !== track) throw new TrackNotOpenError(name, track);
    return this.change(name, async ({ snapId }) => {
      const rows = await this.releases.newest(snapId);
      const isOpen = rows.some(({ channel, revision }) => revision !== null && channel.startsWith(`${track}/`));
      if (!isOpen) throw new TrackNotOpenError(name, track);
      return track;
    });
  }

  /** What the last bundle said counts again. @throws SnapNotHeldError */
  clear(name: string): Promise<DefaultTrack> {
    return this.change(name, () => Promise.resolve(null));
  }

  private change(name: string, choose: (snap: Snap) => Promise<string | null>): Promise<DefaultTrack> {
    return this.transaction.run(async () => {
      const known = await this.snaps.byName(name);
      const snap = known === null ? null : await this.snaps.lock(known.snapId);
      if (snap === null) throw new SnapNotHeldError(name);
      const chosenTrack = await choose(snap);
      if (chosenTrack !== snap.chosenTrack) {
        await this.snaps.change(snap.snapId, { chosenTrack });
        await this.changes.announce(CATALOG_TOPIC, [snap.snapId]);
      }
      return described({ name, defaultTrack: snap.defaultTrack, chosenTrack });
    });
  }
}

function described(snap: Pick<Snap, 'name' | 'chosenTrack' | 'defaultTrack'>): DefaultTrack {
  return { name: snap.name, track: defaultTrackOf(snap), isChosen: snap.chosenTrack !== null };
}
