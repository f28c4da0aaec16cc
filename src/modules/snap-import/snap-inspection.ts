import type { BundlePlace } from '../../formats/bundle/index.js';
import { inspectSnap, type SnapIcon } from '../../formats/snap-file/index.js';
import { SquashfsError, type RandomAccess } from '../../formats/squashfs/index.js';
import type { Epoch } from '../../kernel/epoch.js';
import { StoreError } from '../../kernel/store-error.js';
import type { OpenFile, ReceivedBlob } from '../blobs/index.js';
import { ImportFailedError, SnapRefusedError } from './import.errors.js';

/** What a snap says of itself in meta/snap.yaml, with snapd's defaults filled in. */
export interface SnapInspection {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly base: string | null;
  readonly confinement: string;
  readonly grade: string;
  readonly architectures: readonly string[];
  readonly epoch: Epoch;
  readonly provenance: string;
  /** Byte for byte. */
  readonly snapYaml: string;
  readonly commonIds: readonly string[];
  /** Of its plugs and slots, each once. */
  readonly interfaces: readonly string[];
  /** In its meta/gui, where it has one that a device would take. */
  readonly icon: SnapIcon | null;
}

const USUAL_PROVENANCE = 'global-upload';

/**
 * Looks into a snap that was received.
 * @throws ImportFailedError (codes of formats/squashfs and formats/snap-yaml), SnapRefusedError
 */
export async function inspectReceived(place: BundlePlace, blob: ReceivedBlob): Promise<SnapInspection> {
  const file = await blob.open();
  try {
    const { yaml, yamlText: snapYaml, icon } = await inspectSnap(accessTo(file));
    const { name, version, type, base, confinement, grade, architectures, epoch } = yaml;
    const commonIds = yaml.apps.flatMap(({ commonId }) => (commonId === null ? [] : [commonId]));
    if ([snapYaml, version, grade, base ?? '', ...architectures, ...commonIds].some((text) => text.includes('\0')))
      throw new SnapRefusedError(place, 'has a NUL in its snap.yaml');
    return {
      name,
      version,
      type,
      base,
      confinement,
      grade,
      architectures,
      epoch,
      provenance: yaml.provenance ?? USUAL_PROVENANCE,
      snapYaml,
      commonIds,
      interfaces: [...new Set([...yaml.plugs, ...yaml.slots].map((one) => one.interface))].sort(),
      icon,
    };
  } catch (error) {
    if (!(error instanceof StoreError) || error instanceof SnapRefusedError) throw error;
    throw new ImportFailedError(place, error.code, error);
  } finally {
    await file.close();
  }
}

/** A snap that ends too early is at fault itself, and not the storage. */
export function accessTo(file: OpenFile): RandomAccess {
  const { sizeBytes } = file;
  return {
    sizeBytes,
    read: (position, length) => {
      if (position + length <= sizeBytes) return file.read(position, length);
      const reason = `the snap file ends before the ${length} bytes at ${position}`;
      return Promise.reject(new SquashfsError(reason, { position, length }));
    },
  };
}
