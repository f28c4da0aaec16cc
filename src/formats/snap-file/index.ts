export { iconMediaType, type IconMediaType } from './icon.js';
export { inspectComponent, inspectSnap } from './snap-file.js';
export type { ComponentFile, DesktopFile, SnapFile, SnapIcon } from './snap-file.js';
