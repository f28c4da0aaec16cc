import { EPOCH_ZERO } from '../../../kernel/epoch.js';
import type { CatalogEntry } from '../resolution/catalog-entry.js';
import type { ContextSnap, SnapAction } from './refresh-request.js';

/**
 * Whether a device asks what nearly every device asks for nearly every snap, several times a day: if the channel that it
 * follows has something newer. Not so for another channel, a revision, a parallel instance, data of
 * another epoch, or where it is held to a cohort or to validation sets.
 */
export function isPlainRefresh(
  { snapId }: CatalogEntry,
  { action, instanceKey, channel, revision, epoch, terms }: SnapAction,
  installed: ContextSnap | undefined,
): installed is ContextSnap {
  return (
    action === 'refresh' &&
    channel === null &&
    revision === null &&
    epoch === null &&
    terms === null &&
    instanceKey === snapId &&
    installed?.epoch === EPOCH_ZERO &&
    installed.terms === null
  );
}
