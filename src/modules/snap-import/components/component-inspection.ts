import type { BundlePlace } from '../../../formats/bundle/index.js';
import { inspectComponent } from '../../../formats/snap-file/index.js';
import { StoreError } from '../../../kernel/store-error.js';
import type { ReceivedBlob } from '../../blobs/index.js';
import { ComponentRefusedError, ImportFailedError } from '../import.errors.js';
import { accessTo } from '../snap-inspection.js';
import type { ComponentClaim } from './component-evidence.js';

/** What a component says of itself in meta/component.yaml. */
export interface ComponentInspection {
  /** Null where it has the version of the snap that it goes with. */
  readonly version: string | null;
  readonly description: string;
}

const USUAL_PROVENANCE = 'global-upload';

/**
 * Looks into a component that was received, and holds its own words against what is signed and declared (snapd:
 * asserts/snapasserts/snapasserts.go, CheckComponentProvenanceWithVerifiedRevision).
 * @throws ImportFailedError (codes of formats/squashfs and formats/snap-yaml), ComponentRefusedError
 */
export async function inspectReceivedComponent(
  place: BundlePlace,
  blob: ReceivedBlob,
  claim: ComponentClaim,
): Promise<ComponentInspection> {
  const file = await blob.open();
  try {
    const { yaml } = await inspectComponent(accessTo(file));
    const { snapName, componentName, type, version, provenance, summary, description } = yaml;
    const itself = `${snapName}+${componentName}`;
    if (itself !== `${claim.snapName}+${claim.name}`)
      throw refused(place, `is ${itself} in its component.yaml, and signed as ${claim.snapName}+${claim.name}`);
    if (type !== claim.type)
      throw refused(place, `is of type "${type}" in its component.yaml, and declared as "${claim.type}"`);
    if ((provenance ?? USUAL_PROVENANCE) !== claim.provenance) {
      const signed = `"${claim.provenance}" in its snap-resource-revision`;
      throw refused(
        place,
        `has the provenance "${provenance ?? USUAL_PROVENANCE}" in its component.yaml, and ${signed}`,
      );
    }
    const words = description ?? summary ?? '';
    if ([version ?? '', words].some((text) => text.includes('\0')))
      throw refused(place, 'has a NUL in its component.yaml');
    return { version, description: words };
  } catch (error) {
    if (!(error instanceof StoreError) || error instanceof ComponentRefusedError) throw error;
    throw new ImportFailedError(place, error.code, error);
  } finally {
    await file.close();
  }
}

function refused(place: BundlePlace, reason: string): ComponentRefusedError {
  return new ComponentRefusedError(place, reason);
}
