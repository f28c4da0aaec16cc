import { StoreError } from './store-error.js';

export const RISKS = ['stable', 'candidate', 'beta', 'edge'] as const;
export type Risk = (typeof RISKS)[number];

export const DEFAULT_TRACK = 'latest';

export class InvalidChannelError extends StoreError {
  readonly code = 'invalid-channel';
}

const PART = /^[a-zA-Z0-9](?:[-a-zA-Z0-9._]{0,126}[a-zA-Z0-9])?$/;

/**
 * Where a snap's revisions are released: `track/risk[/branch]`. The grammar is snapd's (snap/channel/channel.go); the
 * characters of a part are held to what the online store gives out, so that a channel is always safe in a path or header.
 */
export class Channel {
  private constructor(
    readonly track: string,
    readonly risk: Risk,
    readonly branch: string | null,
  ) {}

  /**
   * Reads `stable`, `2.0`, `2.0/edge`, `edge/fix-1` or `2.0/edge/fix-1`; track and risk default to `latest` and `stable`.
   * @throws InvalidChannelError naming the part that does not fit
   */
  static parse(text: string): Channel {
    const parts = text.split('/');
    if (parts.length > 3) throw new InvalidChannelError(`"${text}" is not track/risk/branch`, { channel: text });
    for (const part of parts) {
      if (!PART.test(part))
        throw new InvalidChannelError(`"${part}" cannot be a part of channel "${text}"`, { channel: text });
    }
    const [first = '', second, third] = parts;
    if (isRisk(first)) {
      if (third !== undefined)
        throw new InvalidChannelError(`"${text}" has something after its branch`, { channel: text });
      return new Channel(DEFAULT_TRACK, first, second ?? null);
    }
    if (second === undefined) return new Channel(first, 'stable', null);
    if (!isRisk(second))
      throw new InvalidChannelError(`"${second}" is not a risk (${RISKS.join(', ')})`, { channel: text });
    return new Channel(first, second, third ?? null);
  }

  /** As `parse`, but a channel without a track is in this one: what a snap's default track means to an install. */
  static parseWithDefaultTrack(text: string, defaultTrack: string): Channel {
    const [first = ''] = text.split('/');
    const channel = Channel.parse(text);
    return isRisk(first) ? new Channel(defaultTrack, channel.risk, channel.branch) : channel;
  }

  /** The channels that a device on this one falls back to when it is closed, nearest first: a branch's risk, then safer risks. */
  fallbacks(): Channel[] {
    const saferRisks = RISKS.slice(0, RISKS.indexOf(this.risk)).reverse();
    const own = this.branch === null ? [] : [new Channel(this.track, this.risk, null)];
    return [...own, ...saferRisks.map((risk) => new Channel(this.track, risk, null))];
  }

  /** `track/risk[/branch]`, never abbreviated. */
  toString(): string {
    return [this.track, this.risk, this.branch].filter((part) => part !== null).join('/');
  }
}

export function isRisk(text: string): text is Risk {
  return (RISKS as readonly string[]).includes(text);
}
