import type { DeviceView } from '../../catalog/index.js';
import type { DeviceName } from '../device-name.js';
import type { SnapRestriction } from './snap-restriction.entity.js';

/** Whom a snap is for: the devices of a brand, or of one of its models. */
export interface Audience {
  readonly brandId: string;
  /** Null for every model of the brand. */
  readonly model: string | null;
}

/** Which snaps are not for everybody, and what that leaves to whom. Never changes. */
export class SnapRestrictions {
  private readonly audiences: ReadonlyMap<string, readonly Audience[]>;
  /** What devices see that nobody knows. */
  readonly forStrangers: DeviceView;

  constructor(restrictions: readonly Pick<SnapRestriction, 'snapId' | 'brandId' | 'model'>[]) {
    const audiences = new Map<string, Audience[]>();
    for (const restriction of restrictions) {
      const known = audiences.get(restriction.snapId);
      if (known === undefined) audiences.set(restriction.snapId, [audienceOf(restriction)]);
      else known.push(audienceOf(restriction));
    }
    this.audiences = audiences;
    this.forStrangers = { isEverything: this.isEmpty, mayHave: (snapId) => !audiences.has(snapId) };
  }

  get isEmpty(): boolean {
    return this.audiences.size === 0;
  }

  viewOf(device: DeviceName): DeviceView {
    return { isEverything: this.isEmpty, mayHave: (snapId) => this.isFor(snapId, device) };
  }

  private isFor(snapId: string, device: DeviceName): boolean {
    const audiences = this.audiences.get(snapId);
    return (
      audiences === undefined ||
      audiences.some(({ brandId, model }) => brandId === device.brandId && (model === null || model === device.model))
    );
  }
}

export function audienceOf({ brandId, model }: Pick<SnapRestriction, 'brandId' | 'model'>): Audience {
  return { brandId, model: model === '' ? null : model };
}
