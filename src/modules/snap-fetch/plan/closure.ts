import type { Assertion } from '../../../formats/assertion/index.js';
import type { BundleReason } from '../../../formats/bundle/index.js';
import type { Architecture } from '../../../kernel/architecture.js';
import type { Channel } from '../../../kernel/channel.js';
import type { StoreInfo, StoreRevision, StoreSnapDetails } from '../../upstream/index.js';

/** Something that was named, and that a file of its own is for. */
export interface Root {
  /** What the file's name begins with. */
  readonly name: string;
  readonly isPackage: boolean;
  readonly assertions: readonly Assertion[];
}

/** A revision for devices of one architecture. */
export class Choice {
  /** By channel in full: where it is to be released on the other side. */
  readonly releases = new Map<string, ChosenRelease>();
  private wantsAllComponents = false;
  private readonly namedComponents = new Set<string>();

  constructor(
    readonly architecture: Architecture,
    readonly revision: StoreRevision,
    readonly details: StoreSnapDetails,
    /** Null where the store does not say. */
    readonly info: StoreInfo | null,
  ) {}

  get name(): string {
    return this.revision.name;
  }

  get snapId(): string {
    return this.revision.snapId;
  }

  /** The components that come along. */
  get components(): StoreRevision['components'] {
    const { components } = this.revision;
    return this.wantsAllComponents ? components : components.filter(({ name }) => this.namedComponents.has(name));
  }

  takeComponents(wanted: 'all' | readonly string[]): void {
    if (wanted === 'all') this.wantsAllComponents = true;
    else for (const name of wanted) this.namedComponents.add(name);
  }

  /** Of those that were named, what the store does not have. */
  missingComponents(wanted: 'all' | readonly string[]): string[] {
    if (wanted === 'all') return [];
    return wanted.filter((name) => !this.revision.components.some((component) => component.name === name));
  }

  release(channel: Channel, releasedAt: string | null): void {
    const before = this.releases.get(channel.toString());
    this.releases.set(channel.toString(), { channel, releasedAt: before?.releasedAt ?? releasedAt });
  }
}

export interface ChosenRelease {
  readonly channel: Channel;
  /** RFC 3339 as the store writes it; null where the other side decides on the release. */
  readonly releasedAt: string | null;
}

/** Who needs what, and why. */
export interface Edge {
  readonly from: Root | Choice;
  readonly to: Choice;
  readonly reason: BundleReason;
}

/** Everything that devices will ask for. */
export interface Closure {
  readonly roots: readonly Root[];
  readonly choices: readonly Choice[];
  readonly edges: readonly Edge[];
  readonly notes: readonly string[];
}
