import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';

import { AdvisoryLocks } from '../../../platform/database/advisory-lock.js';
import { ChangeFeed } from '../../../platform/database/change-feed.js';
import { Transaction } from '../../../platform/database/transaction.js';
import { HashWorkers } from '../../../platform/hashing/hash-workers.js';
import { type BlobIntake, BlobIntakes, BlobReader, BlobStorage, type ServableBlob } from '../../blobs/index.js';
import { RevisionNotHeldError, SnapNotHeldError } from '../catalog.errors.js';
import { CATALOG_TOPIC } from '../catalog-writer.js';
import { RevisionRepository } from '../repositories/revision.repository.js';
import { SnapRepository } from '../repositories/snap.repository.js';
import { type DeltaDecision, type DeltaKey, DeltaRepository } from './delta.repository.js';
import { DeltaFailedError } from './deltas.errors.js';
import type { SnapDelta } from './snap-delta.entity.js';
import { Xdelta3 } from './xdelta3.js';

/** One at a time, in all processes of the store: it takes a processor and a good deal of memory. */
const MAKING_LOCK = 'delta making';
/** A delta that saves a device less than this is not worth its file. */
const LEAST_SAVED_BYTES = 4096;

export interface MakingOptions {
  /** How large it may be, as a part of the target. */
  readonly maxShare: number;
  /** Somebody asked for just this one. */
  readonly isByHand: boolean;
  /** Also where it was in vain before, or its file is not what it was. */
  readonly tryAgain: boolean;
  readonly signal?: AbortSignal | undefined;
}

type Outcome = Pick<DeltaDecision, 'state' | 'sha3_384' | 'sizeBytes' | 'reason'>;

/** Ends the making of a delta that has become as large as it may be. */
class TooLarge extends Error {}

/** Makes a delta, sees that it makes the right file, and only then tells devices of it. */
@Injectable()
export class DeltaMaker {
  constructor(
    private readonly program: Xdelta3,
    private readonly deltas: DeltaRepository,
    private readonly snaps: SnapRepository,
    private readonly revisions: RevisionRepository,
    private readonly intakes: BlobIntakes,
    private readonly blobs: BlobReader,
    private readonly storage: BlobStorage,
    private readonly workers: HashWorkers,
    private readonly locks: AdvisoryLocks,
    private readonly transaction: Transaction,
    private readonly changes: ChangeFeed,
  ) {}

  /**
   * Makes it unless it is there already. What was in vain is remembered, so that it is not tried again without need.
   * @throws RevisionNotHeldError where one of the two goes meanwhile, DeltaProgramMissingError, StorageFullError, the signal's reason
   */
  make(snapId: string, key: DeltaKey, options: MakingOptions): Promise<SnapDelta> {
    return this.locks.with(MAKING_LOCK, 'exclusive', async () => {
      const known = await this.deltas.find(snapId, key);
      if (known !== null && (!options.tryAgain || (await this.isWhole(known)))) return known;
      try {
        await this.attempt(snapId, key, options);
      } catch (error) {
        if (error instanceof TooLarge) {
          const reason = `it would be larger than ${Math.round(options.maxShare * 100)} % of the snap`;
          await this.record(snapId, key, options, { ...NONE, state: 'too-large', reason });
        } else if (error instanceof DeltaFailedError) {
          await this.record(snapId, key, options, { ...NONE, state: 'failed', reason: error.message });
        } else {
          throw error;
        }
      }
      const made = await this.deltas.find(snapId, key);
      if (made === null) throw await this.gone(snapId, key);
      return made;
    });
  }

  private async isWhole({ sha3_384 }: SnapDelta): Promise<boolean> {
    return sha3_384 !== null && (await this.blobs.find(sha3_384)) !== null;
  }

  private async attempt(snapId: string, key: DeltaKey, options: MakingOptions): Promise<void> {
    const source = await this.file(snapId, key.sourceRevision);
    const target = await this.file(snapId, key.targetRevision);
    const lent = await this.storage.lend(source.sha3_384, (path) =>
      this.intakes.with(randomUUID(), (intake) =>
        this.makeOf({ ...source, path }, target, intake, snapId, key, options),
      ),
    );
    if (lent === null) throw new DeltaFailedError(`the file of revision ${key.sourceRevision} is missing`);
  }

  private async makeOf(
    source: ServableBlob & { readonly path: string },
    target: ServableBlob,
    intake: BlobIntake,
    snapId: string,
    key: DeltaKey,
    options: MakingOptions,
  ): Promise<true> {
    const { signal, maxShare } = options;
    const what = `the delta from revision ${key.sourceRevision} to ${key.targetRevision}`;
    const limit = Math.min(target.sizeBytes * maxShare, target.sizeBytes - LEAST_SAVED_BYTES);
    const encoded = this.program.encode(source, target.createReadStream(), { signal });
    const delta = await intake.receive(what, upTo(limit, encoded), { signal });
    await this.prove(source, target, delta, signal);
    const made: Outcome = { state: 'made', sha3_384: delta.sha3_384.hex, sizeBytes: delta.sizeBytes, reason: null };
    await intake.publish(() => this.record(snapId, key, options, made, [source.sha3_384, target.sha3_384]));
    return true;
  }

  /** A device would find out too, but only after it has fetched it. */
  private async prove(
    source: { readonly path: string },
    target: ServableBlob,
    delta: Awaited<ReturnType<BlobIntake['receive']>>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const file = await delta.open();
    try {
      const decoded = this.program.decode(source, file.chunks({ signal }), { signal });
      const { sha3_384 } = await this.workers.hash(upTo(target.sizeBytes, decoded), { signal });
      if (sha3_384.hex !== target.sha3_384) throw new DeltaFailedError('it did not make the file that it should');
    } catch (error) {
      throw error instanceof TooLarge ? new DeltaFailedError('it made more than the file that it should') : error;
    } finally {
      await file.close();
    }
  }

  private async file(snapId: string, revision: number): Promise<ServableBlob> {
    const held = await this.revisions.find(snapId, revision);
    if (held === null) throw new RevisionNotHeldError(snapId, revision);
    const blob = await this.blobs.find(held.sha3_384);
    if (blob === null) throw new DeltaFailedError(`the file of revision ${revision} is missing or damaged`);
    return blob;
  }

  /** @param digests of the two files that it is about */
  private record(
    snapId: string,
    key: DeltaKey,
    { isByHand }: MakingOptions,
    outcome: Outcome,
    digests?: readonly [string, string],
  ): Promise<void> {
    return this.transaction.run(async () => {
      const snap = await this.snaps.lock(snapId);
      if (snap === null) throw new SnapNotHeldError(snapId);
      const [source, target] = [
        await this.revisions.find(snapId, key.sourceRevision),
        await this.revisions.find(snapId, key.targetRevision),
      ];
      if (source === null) throw new RevisionNotHeldError(snap.name, key.sourceRevision);
      if (target === null) throw new RevisionNotHeldError(snap.name, key.targetRevision);
      const isSame = digests === undefined || (digests[0] === source.sha3_384 && digests[1] === target.sha3_384);
      if (!isSame) throw new RevisionNotHeldError(snap.name, key.targetRevision);
      await this.deltas.put({ snapId, ...key, isByHand, ...outcome });
      await this.changes.announce(CATALOG_TOPIC, [snapId]);
    });
  }

  private async gone(snapId: string, { sourceRevision, targetRevision }: DeltaKey): Promise<Error> {
    const source = await this.revisions.find(snapId, sourceRevision);
    return new RevisionNotHeldError(snapId, source === null ? sourceRevision : targetRevision);
  }
}

const NONE = { sha3_384: null, sizeBytes: null } as const;

async function* upTo(
  limitBytes: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > limitBytes) throw new TooLarge();
    yield chunk;
  }
}
