import { Injectable } from '@nestjs/common';

import type { Channel } from '../../kernel/channel.js';
import { Clock } from '../../kernel/clock.js';
import { ChangeFeed } from '../../platform/database/change-feed.js';
import { Transaction } from '../../platform/database/transaction.js';
import { ChannelNotOpenError, RevisionNotHeldError, SnapNotHeldError } from './catalog.errors.js';
import { CATALOG_TOPIC } from './catalog-writer.js';
import type { ChannelMove } from './channel-move.js';
import { defaultTrackOf } from './default-track.js';
import type { ReleaseOrigin } from './entities/release.entity.js';
import type { Snap } from './entities/snap.entity.js';
import { planReleases } from './release-plan.js';
import { type NewRelease, type ReleaseChange, ReleaseRepository } from './repositories/release.repository.js';
import { RevisionRepository } from './repositories/revision.repository.js';
import { SnapRepository } from './repositories/snap.repository.js';
import { ChannelView, architecturesOf } from './resolution/channel-view.js';

/** An open channel on one architecture. */
export interface ChannelLine {
  /** `track/risk[/branch]`, never abbreviated. */
  readonly channel: string;
  readonly architecture: string;
  readonly revision: number;
  readonly version: string;
  readonly origin: ReleaseOrigin;
  readonly releasedAt: Date;
}

/** Which revision is where, decided by hand. Devices see a change once it resolves, on every process of the store. */
@Injectable()
export class ReleaseService {
  constructor(
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts a held revision on a channel, on every architecture that the revision runs on.
   * @throws SnapNotHeldError, RevisionNotHeldError
   */
  release(name: string, revision: number, channel: Channel): Promise<readonly ChannelMove[]> {
    return this.decide(name, async (snap) => {
      const held = await this.revisions.find(snap.snapId, revision);
      if (held === null) throw new RevisionNotHeldError(name, revision);
      const releasedAt = this.clock.now();
      const requests = held.architectures.map((architecture) => {
        return { architecture, channel: channel.toString(), revision, releasedAt };
      });
      return planReleases(name, await this.releases.newest(snap.snapId), requests, { origin: 'hand' });
    });
  }

  /**
   * Closes a channel on every architecture: devices on it get what the next safer risk holds.
   * @throws SnapNotHeldError, ChannelNotOpenError
   */
  close(name: string, channel: Channel): Promise<readonly ChannelMove[]> {
    return this.decide(name, async (snap) => {
      const newest = await this.releases.newest(snap.snapId);
      const open = newest.filter((row) => row.channel === channel.toString() && row.revision !== null);
      if (open.length === 0) throw new ChannelNotOpenError(name, channel.toString());
      return {
        rows: open.map((row) => ({
          architecture: row.architecture,
          channel: row.channel,
          revision: null,
          origin: 'hand' as const,
        })),
        moves: open.map(({ architecture, revision }) => {
          return {
            name,
            architecture,
            channel: channel.toString(),
            from: revision,
            to: null,
            outcome: 'moved' as const,
          };
        }),
      };
    });
  }

  /**
   * The open channels: the default track first, in each the safest risk first.
   * @throws SnapNotHeldError
   */
  async channelMap(name: string): Promise<ChannelLine[]> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    const [facts, releases] = await Promise.all([
      this.revisions.factsOf(snap.snapId),
      this.releases.newest(snap.snapId),
    ]);
    const revisions = new Map(facts.map((fact) => [fact.revision, fact]));
    const defaultTrack = defaultTrackOf(snap);
    const source = { defaultTrack, revisions, releases, past: [] };
    return architecturesOf(source).flatMap((architecture) =>
      ChannelView.of(source, architecture)
        .inOrder(defaultTrack)
        .map(({ channel, revision, origin, releasedAt }) => ({
          channel: channel.toString(),
          architecture,
          revision,
          version: revisions.get(revision)?.version ?? '',
          origin,
          releasedAt,
        })),
    );
  }

  /**
   * How the snap's channels have changed, newest first.
   * @throws SnapNotHeldError
   */
  async history(name: string, limit: number): Promise<ReleaseChange[]> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    return this.releases.history(snap.snapId, limit);
  }

  private decide(
    name: string,
    plan: (snap: Snap) => Promise<{
      readonly rows: readonly Omit<NewRelease, 'snapId'>[];
      readonly moves: readonly ChannelMove[];
    }>,
  ): Promise<readonly ChannelMove[]> {
    return this.transaction.run(async () => {
      const known = await this.snaps.byName(name);
      const snap = known === null ? null : await this.snaps.lock(known.snapId);
      if (snap === null) throw new SnapNotHeldError(name);
      const { rows, moves } = await plan(snap);
      await this.releases.add(rows.map((row) => ({ snapId: snap.snapId, ...row })));
      if (rows.length > 0) await this.changes.announce(CATALOG_TOPIC, [snap.snapId]);
      return moves;
    });
  }
}
