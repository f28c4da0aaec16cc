import type { ListedRevision } from '../resolution/catalog-entry.js';
import type { ListedComponent } from '../resolution/component-shelf.js';

/**
 * What snapd reads of a component that goes with a revision of a snap (store/details_v2.go, storeResource), but for where its
 * file is.
 */
export function resource(snap: ListedRevision, component: ListedComponent) {
  const { name, revision, type, version, description, createdAt, sizeBytes, sha3_384 } = component;
  return {
    type: `component/${type}`,
    name,
    revision,
    version: version ?? snap.version,
    'created-at': createdAt.toISOString(),
    description,
    file: { size: sizeBytes, 'sha3-384': sha3_384, deltas: [] },
  };
}
