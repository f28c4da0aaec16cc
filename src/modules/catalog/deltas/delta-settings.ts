import { parseByteSize } from '../../../kernel/byte-size.js';
import type { Settings } from '../../../platform/config/settings.js';

/** Which deltas are made. */
export interface DeltaRules {
  /** Whether they are made by themselves. */
  readonly isOn: boolean;
  /** From how many older revisions. */
  readonly revisions: number;
  /** Of larger snaps none are made. */
  readonly maxSnapBytes: number;
  /** How large one may be, as a part of the snap: 0.5 is half of it. */
  readonly maxShare: number;
}

export const DELTAS_SETTING = 'proxy.deltas.enabled';

export function deltaRules(settings: Settings): DeltaRules {
  return {
    isOn: settings.flag(DELTAS_SETTING),
    revisions: Number(settings.get('proxy.deltas.revisions')),
    maxSnapBytes: parseByteSize(settings.get('proxy.deltas.max-snap-size') ?? '') ?? 0,
    maxShare: Number(settings.get('proxy.deltas.max-share')) / 100,
  };
}
