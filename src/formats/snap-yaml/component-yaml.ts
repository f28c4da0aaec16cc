import { Fields } from './fields.js';
import { checkSnapName, checkVersion, readPresentation, readProvenance, type Presentation } from './rules.js';
import { readYamlMap } from './yaml-document.js';

/** What a store needs of a component's `meta/component.yaml`. Null is what the file leaves out. */
export interface ComponentYaml extends Presentation {
  /** The snap that the component belongs to. */
  readonly snapName: string;
  readonly componentName: string;
  /** `standard`, `kernel-modules` … */
  readonly type: string;
  /** Null where the component has its snap's version. */
  readonly version: string | null;
  readonly provenance: string | null;
}

const FILE = 'component.yaml';

/**
 * Reads `meta/component.yaml`, whose `component` is `SNAP+NAME` (snapd: snap/component.go).
 * @throws SnapYamlError naming the key
 */
export function parseComponentYaml(bytes: Buffer): ComponentYaml {
  const root = new Fields(FILE, readYamlMap(FILE, bytes));
  const [snapName = '', componentName = '', ...more] = root.requiredText('component').split('+');
  if (more.length > 0 || componentName === '') throw root.refusal('component', 'is not SNAP+NAME');
  const version = root.text('version');
  return {
    snapName: checkSnapName(root, 'component', snapName),
    componentName: checkSnapName(root, 'component', componentName),
    type: root.requiredText('type'),
    version: version === null ? null : checkVersion(root, 'version', version),
    ...readPresentation(root),
    provenance: readProvenance(root),
  };
}
