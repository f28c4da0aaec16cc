import type { SnapMedia, SnapMetadata } from '../snap-metadata.js';

/** A device takes no larger icon, and would fetch one in vain (snapd: store/store_download.go, downloadIconImpl). */
const MAX_ICON_BYTES = 300_000;

export function isTakenByDevices({ type, size }: SnapMedia): boolean {
  return type !== 'icon' || size <= MAX_ICON_BYTES;
}

/**
 * What a snap is shown with: what the online store shows it with, and, where an icon that devices take is not among that, the one
 * that the snap brings along.
 * @param icon the one in the revision that is shown
 */
export function picturesOf({ media = [] }: SnapMetadata, icon: SnapMedia | null): readonly SnapMedia[] {
  const hasIcon = media.some((picture) => picture.type === 'icon' && isTakenByDevices(picture));
  return hasIcon || icon === null ? media : [...media, icon];
}
