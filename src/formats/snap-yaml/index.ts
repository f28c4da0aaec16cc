export type { SnapApp } from './apps.js';
export { parseComponentYaml, type ComponentYaml } from './component-yaml.js';
export type { SnapPlug, SnapSlot } from './interfaces.js';
export type { SnapLinks } from './links.js';
export { SnapYamlError } from './snap-yaml-error.js';
export {
  CONFINEMENTS,
  parseSnapYaml,
  SNAP_TYPES,
  type Confinement,
  type SnapComponent,
  type SnapType,
  type SnapYaml,
} from './snap-yaml.js';
export { MAX_YAML_BYTES } from './yaml-document.js';
