import type { StoreInventory } from '../../../formats/inventory/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import type { OnlineStore, StoreAnswer } from '../../upstream/index.js';
import { compareChannels, heldChannels, type UpdateReport } from './channel-updates.js';

export interface ListUpdatesOptions {
  readonly signal: AbortSignal;
  /** Of the devices that snaps for all architectures are asked for, where the inventory names none. */
  readonly architecture: Architecture;
  readonly onProgress: (progress: {
    readonly step: string;
    readonly done: number;
    readonly total: number;
    readonly unit: 'items';
  }) => void;
}

/** As many as make one request of several. */
const CHANNELS_AT_ONCE = 200;

/**
 * What is newer in the online store than what the store with this inventory holds. Only what every online store has is asked
 * for: nothing is downloaded.
 * @throws what the online store throws
 */
export async function listUpdates(
  inventory: StoreInventory,
  store: OnlineStore,
  { signal, architecture, onProgress }: ListUpdatesOptions,
): Promise<UpdateReport> {
  const channels = heldChannels(inventory, architecture);
  const answers: StoreAnswer[] = [];
  for (let at = 0; at < channels.length; at += CHANNELS_AT_ONCE) {
    onProgress({ step: 'asking for channels', done: at, total: channels.length, unit: 'items' });
    const wishes = channels.slice(at, at + CHANNELS_AT_ONCE).map((one) => ({
      name: one.snap.name,
      snapId: one.snap.snapId,
      architecture: one.architecture,
      channel: one.channel,
      revision: null,
      cohortKey: null,
    }));
    answers.push(...(await store.resolve(wishes, { signal })));
  }
  return compareChannels(channels, answers);
}
