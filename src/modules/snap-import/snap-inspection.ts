import { parse } from 'yaml';

import type { BundlePlace } from '../../formats/bundle/index.js';
import { SquashfsReader } from '../../formats/squashfs/index.js';
import { parseEpoch, type Epoch } from '../../kernel/epoch.js';
import type { ReceivedBlob } from '../blobs/index.js';
import { ImportFailedError } from './import.errors.js';

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
  readonly snapYaml: string;
  readonly commonIds: readonly string[];
}

/** Looks into a snap that was received. @throws ImportFailedError where it is no snap */
export async function inspectReceived(
  place: BundlePlace,
  blob: ReceivedBlob,
  _s: AbortSignal,
): Promise<SnapInspection> {
  const file = await blob.open();
  try {
    const reader = await SquashfsReader.open(file);
    const snapYaml = (await reader.readFile('meta/snap.yaml', 1 << 20)).toString();
    const y = parse(snapYaml) as Record<string, string>;
    return {
      name: y.name ?? '',
      version: String(y.version),
      type: y.type ?? 'app',
      base: y.base ?? null,
      confinement: y.confinement ?? 'strict',
      grade: y.grade ?? 'stable',
      architectures: (y.architectures as unknown as string[] | undefined) ?? ['all'],
      epoch: parseEpoch(y.epoch),
      provenance: y.provenance ?? 'global-upload',
      snapYaml,
      commonIds: [],
    };
  } catch (error) {
    throw new ImportFailedError(place, 'invalid-snap', error);
  } finally {
    await file.close();
  }
}
