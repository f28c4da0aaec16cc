import { Injectable } from '@nestjs/common';

import {
  type InventoryMedia,
  type InventoryRelease,
  type InventoryRevision,
  type InventorySnap,
  type StoreInventory,
  writeInventory,
} from '../../../formats/inventory/index.js';
import type { SnapArchitecture } from '../../../kernel/architecture.js';
import { Channel } from '../../../kernel/channel.js';
import { Clock } from '../../../kernel/clock.js';
import { Sha3_384 } from '../../../kernel/digest.js';
import { BlobReader } from '../../blobs/index.js';
import { type HeldSnap, HeldSnapsService } from '../../catalog/index.js';
import { SigningService } from '../../keys/index.js';

export interface InventoryOptions {
  readonly tool: { readonly name: string; readonly version: string };
  /** Null where the store has no store assertion. */
  readonly storeId: string | null;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: InventoryProgress) => void;
}

export interface InventoryProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'items';
}

export interface TakenInventory {
  readonly inventory: StoreInventory;
  /** As they are carried. */
  readonly bytes: Buffer;
  /** Who signed it; null where the store has no key to sign with. */
  readonly signer: string | null;
  /** What is in the catalog and not in the inventory, because its file is missing or damaged. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  /** Of the snap. */
  readonly name: string;
  /** Null for the snap itself. */
  readonly component: string | null;
  readonly revision: number;
}

/** Says what this store holds, for the other side of the gap. */
@Injectable()
export class InventoryService {
  constructor(
    private readonly snaps: HeldSnapsService,
    private readonly blobs: BlobReader,
    private readonly signing: SigningService,
    private readonly clock: Clock,
  ) {}

  /** @throws the signal's reason when aborted */
  async take({ tool, storeId, signal, onProgress }: InventoryOptions): Promise<TakenInventory> {
    const held = await this.snaps.all();
    const snaps: InventorySnap[] = [];
    const media = new Map<string, InventoryMedia>();
    const leftOut: LeftOut[] = [];
    for (const [done, snap] of held.entries()) {
      signal.throwIfAborted();
      onProgress({ step: 'looking at files', done, total: held.length, unit: 'items' });
      const sound: HeldSnap = {
        ...snap,
        revisions: await this.whole(snap.revisions, ({ revision }) => {
          leftOut.push({ name: snap.name, component: null, revision });
        }),
        components: await this.whole(snap.components, ({ name: component, revision }) => {
          leftOut.push({ name: snap.name, component, revision });
        }),
      };
      if (sound.revisions.length > 0) snaps.push(listed(sound));
      for (const { 'sha3-384': hex } of snap.metadata.media ?? []) {
        const picture = media.has(hex) ? null : await this.blobs.find(hex);
        if (picture !== null) media.set(hex, { digest: Sha3_384.fromHex(hex), size: picture.sizeBytes });
      }
    }
    const created = `${this.clock.now().toISOString().slice(0, 19)}Z`;
    const inventory: StoreInventory = { format: 1, created, tool, storeId, snaps, media: [...media.values()] };
    const signer = await this.signing.manifestSigner();
    return { inventory, bytes: await writeInventory(inventory, signer), signer: signer?.keyId ?? null, leftOut };
  }

  /** Those whose files are there and sound; the others are told of. */
  private async whole<T extends { readonly sha3_384: string }>(
    files: readonly T[],
    tell: (missing: T) => void,
  ): Promise<T[]> {
    const sound: T[] = [];
    for (const file of files) {
      if ((await this.blobs.find(file.sha3_384)) === null) tell(file);
      else sound.push(file);
    }
    return sound;
  }
}

/** @param snap with what is sound only: what else it speaks of is passed over */
function listed({ snapId, name, defaultTrack, releases, revisions, components }: HeldSnap): InventorySnap {
  const numbers = new Set(revisions.map(({ revision }) => revision));
  const isHeld = new Set(components.map((one) => `${one.name} ${one.revision}`));
  return {
    snapId,
    name,
    defaultTrack,
    channelMap: releases
      .filter(({ revision }) => numbers.has(revision))
      .map(({ architecture, channel, revision, releasedAt }): InventoryRelease => {
        return {
          architecture: architecture as SnapArchitecture,
          channel: Channel.parse(channel),
          revision,
          releasedAt: releasedAt.toISOString(),
        };
      }),
    revisions: revisions.map(
      ({ revision, sha3_384, sizeBytes, version, architectures, components: pairs }): InventoryRevision => {
        return {
          revision,
          digest: Sha3_384.fromHex(sha3_384),
          size: sizeBytes,
          version,
          architectures: architectures as SnapArchitecture[],
          components: pairs.filter((pair) => isHeld.has(`${pair.name} ${pair.revision}`)),
        };
      },
    ),
    components: components.map(({ name: component, revision, sha3_384, sizeBytes }) => {
      return { name: component, revision, digest: Sha3_384.fromHex(sha3_384), size: sizeBytes };
    }),
  };
}
