import { Injectable } from '@nestjs/common';

import { Settings } from '../../../platform/config/settings.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Collector } from '../../blobs/index.js';
import { DeltaNotHeldError, RevisionNotHeldError, SnapNotHeldError } from '../catalog.errors.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import type { Snap } from '../entities/snap.entity.js';
import { FileReferences } from '../repositories/file-references.js';
import { ReleaseRepository } from '../repositories/release.repository.js';
import { RevisionRepository } from '../repositories/revision.repository.js';
import { SnapRepository } from '../repositories/snap.repository.js';
import { type DeltaKey, DeltaRepository } from './delta.repository.js';
import { DeltaMaker } from './delta-maker.js';
import { wantedDeltas } from './delta-plan.js';
import { deltaRules } from './delta-settings.js';
import { DeltaProgramMissingError } from './deltas.errors.js';
import type { DeltaState, SnapDelta } from './snap-delta.entity.js';
import { XDELTA3_PLACES, Xdelta3 } from './xdelta3.js';

/** A delta, or why there is none, as an operator sees it. */
export interface DeltaLine {
  readonly name: string;
  readonly snapId: string;
  readonly source: number;
  readonly target: number;
  readonly state: DeltaState;
  /** Null where none was made. */
  readonly sizeBytes: number | null;
  /** Of the whole file that it saves fetching. */
  readonly snapSizeBytes: number;
  /** Lowercase hex; null where none was made. */
  readonly sha3_384: string | null;
  readonly reason: string | null;
  readonly byHand: boolean;
  readonly decidedAt: Date;
}

export interface MakeOptions {
  /** Just this one; absent: those that the settings want. */
  readonly only?: DeltaKey | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStart?: (key: DeltaKey, index: number, count: number) => void;
}

/** What of a snap's deltas is to be done. */
export interface DeltaWork {
  readonly missing: readonly DeltaKey[];
  /** Made by themselves, and of no use any more. */
  readonly stale: readonly DeltaKey[];
}

/** Deltas for whoever runs the store. */
@Injectable()
export class DeltaService {
  constructor(
    private readonly deltas: DeltaRepository,
    private readonly maker: DeltaMaker,
    private readonly program: Xdelta3,
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly releases: ReleaseRepository,
    private readonly files: FileReferences,
    private readonly collector: Collector,
    private readonly settings: Settings,
    private readonly changes: ChangeFeed,
  ) {}

  /** By the names of snaps. @param name null for all. @throws SnapNotHeldError */
  async list(name: string | null): Promise<DeltaLine[]> {
    if (name !== null) {
      const snap = await this.named(name);
      return this.lines(snap, await this.deltas.of(snap.snapId));
    }
    const all = await this.deltas.all();
    const snaps = await this.snaps.byIds([...new Set(all.map(({ snapId }) => snapId))]);
    const lines: DeltaLine[] = [];
    for (const snap of snaps.sort((one, other) => (one.name < other.name ? -1 : 1)))
      lines.push(
        ...(await this.lines(
          snap,
          all.filter(({ snapId }) => snapId === snap.snapId),
        )),
      );
    return lines;
  }

  /**
   * Makes those of a snap that are missing, whether they are made by themselves or not; what was in vain before is tried again.
   * @throws SnapNotHeldError, RevisionNotHeldError, DeltaProgramMissingError, the signal's reason
   */
  async make(name: string, { only, signal, onStart = () => undefined }: MakeOptions = {}): Promise<DeltaLine[]> {
    const snap = await this.named(name);
    if ((await this.program.find()) === null) throw new DeltaProgramMissingError(XDELTA3_PLACES);
    const { maxShare } = deltaRules(this.settings);
    const keys = only === undefined ? await this.wanted(snap) : [await this.held(snap, only)];
    const isByHand = only !== undefined;
    const made: SnapDelta[] = [];
    for (const [index, key] of keys.entries()) {
      onStart(key, index, keys.length);
      made.push(await this.maker.make(snap.snapId, key, { maxShare, isByHand, tryAgain: true, signal }));
    }
    return this.lines(snap, made);
  }

  /**
   * Removes deltas with their files. Those that the settings want come back, while they are made by themselves.
   * @param name null for those of all snaps
   * @throws SnapNotHeldError; DeltaNotHeldError where `only` is not there
   */
  async drop(name: string | null, only?: DeltaKey): Promise<{ dropped: DeltaLine[]; freedBytes: number }> {
    const lines = (await this.list(name)).filter((line) => only === undefined || isOf(line, only));
    if (only !== undefined && lines.length === 0)
      throw new DeltaNotHeldError(`from revision ${only.sourceRevision} to ${only.targetRevision} of ${name ?? ''}`);
    const freedBytes = await this.remove(lines);
    return { dropped: lines, freedBytes };
  }

  /** What is to be done of a snap; nothing where it is not held. */
  async workOf(snapId: string): Promise<DeltaWork> {
    const [snap] = await this.snaps.byIds([snapId]);
    if (snap === undefined) return { missing: [], stale: [] };
    const [wanted, known] = [await this.wanted(snap), await this.deltas.of(snapId)];
    const keyOf = ({ sourceRevision, targetRevision }: DeltaKey): string => `${sourceRevision} ${targetRevision}`;
    const [wantedKeys, knownKeys] = [new Set(wanted.map(keyOf)), new Set(known.map(keyOf))];
    return {
      missing: wanted.filter((key) => !knownKeys.has(keyOf(key))),
      stale: known.filter((delta) => !delta.isByHand && !wantedKeys.has(keyOf(delta))),
    };
  }

  /** Removes rows, and then the files that nothing else needs. @returns how many bytes were freed */
  async remove(
    deltas: readonly { readonly snapId: string; readonly source: number; readonly target: number }[],
  ): Promise<number> {
    if (deltas.length === 0) return 0;
    return this.collector.removing(async () => {
      const digests = new Set<string>();
      for (const { snapId, source, target } of deltas) {
        const key = { sourceRevision: source, targetRevision: target };
        const held = await this.deltas.find(snapId, key);
        if (held?.sha3_384) digests.add(held.sha3_384);
        await this.deltas.remove(snapId, key);
      }
      await this.changes.announce(CATALOG_TOPIC, [...new Set(deltas.map(({ snapId }) => snapId))]);
      return this.files.unreferenced([...digests], NOTHING_GOES);
    });
  }

  private async wanted({ snapId, defaultTrack }: Snap): Promise<DeltaKey[]> {
    const [facts, releases] = [await this.revisions.factsOf(snapId), await this.releases.newest(snapId)];
    const revisions = new Map(facts.map((fact) => [fact.revision, { ...fact, sizeBytes: Number(fact.sizeBytes) }]));
    return wantedDeltas({ defaultTrack, revisions, releases, past: [] }, deltaRules(this.settings));
  }

  private async held({ snapId, name }: Snap, key: DeltaKey): Promise<DeltaKey> {
    for (const revision of [key.sourceRevision, key.targetRevision])
      if ((await this.revisions.find(snapId, revision)) === null) throw new RevisionNotHeldError(name, revision);
    return key;
  }

  private async named(name: string): Promise<Snap> {
    const snap = await this.snaps.byName(name);
    if (snap === null) throw new SnapNotHeldError(name);
    return snap;
  }

  private async lines({ name, snapId }: Snap, deltas: readonly SnapDelta[]): Promise<DeltaLine[]> {
    const sizes = new Map(
      (await this.revisions.factsOf(snapId)).map((fact) => [fact.revision, Number(fact.sizeBytes)]),
    );
    return deltas.map((delta) => {
      const { sourceRevision: source, targetRevision: target, state, sizeBytes, sha3_384, reason } = delta;
      return {
        name,
        snapId,
        source,
        target,
        state,
        sizeBytes: sizeBytes === null ? null : Number(sizeBytes),
        snapSizeBytes: sizes.get(target) ?? 0,
        sha3_384,
        reason,
        byHand: delta.isByHand,
        decidedAt: delta.decidedAt,
      };
    });
  }
}

const NOTHING_GOES = { snapId: '', revisions: [], components: [], isWholeSnap: false };

function isOf({ source, target }: DeltaLine, { sourceRevision, targetRevision }: DeltaKey): boolean {
  return source === sourceRevision && target === targetRevision;
}
