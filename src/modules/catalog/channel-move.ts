/** What became of one line of a channel map that was to be applied. */
export interface ChannelMove {
  readonly name: string;
  readonly architecture: string;
  /** `track/risk[/branch]`, never abbreviated. */
  readonly channel: string;
  /** Null where the channel was closed or not there before. */
  readonly from: number | null;
  /** Null where it is closed now. */
  readonly to: number | null;
  /** `kept`: a newer release made by hand stayed in force. */
  readonly outcome: 'moved' | 'unchanged' | 'kept';
}
