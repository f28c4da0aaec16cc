import type { BundleReason } from '../../../formats/bundle/index.js';
import { runsOn } from '../../../kernel/architecture.js';
import { Channel, DEFAULT_TRACK } from '../../../kernel/channel.js';
import {
  ChannelNotOpenError,
  type HeldComponent,
  type HeldSnap,
  type HeldSnapRevision,
  type OpenRelease,
  RevisionNotHeldError,
} from '../../catalog/index.js';
import { NothingToExportError } from './export.errors.js';
import type { ExportRequest } from './export-request.js';

/** Every device is meant. */
const ALL = 'all';

/** What of a held snap is to leave, as it is gathered. */
export class ChosenSnap {
  private readonly numbers = new Set<number>();
  private readonly lines = new Set<OpenRelease>();
  private readonly why = new Map<string, BundleReason>();
  private isEverything = false;

  constructor(readonly held: HeldSnap) {}

  /** Ascending. */
  get revisions(): HeldSnapRevision[] {
    return this.held.revisions.filter(({ revision }) => this.numbers.has(revision));
  }

  /** Those that go with the revisions; where everything was asked for, those too that go with none. */
  get components(): HeldComponent[] {
    if (this.isEverything) return [...this.held.components];
    const paired = new Set(
      this.revisions.flatMap(({ components }) => components.map(({ name, revision }) => `${name} ${revision}`)),
    );
    return this.held.components.filter(({ name, revision }) => paired.has(`${name} ${revision}`));
  }

  get reasons(): BundleReason[] {
    return [...this.why.values()];
  }

  /** Every open channel that holds one of the revisions; whether it was asked for is another question. */
  get releases(): readonly { readonly line: OpenRelease; readonly isRequested: boolean }[] {
    return this.held.releases
      .filter(({ revision }) => this.numbers.has(revision))
      .map((line) => ({ line, isRequested: this.lines.has(line) }));
  }

  /**
   * Takes in what was asked for by name.
   * @throws RevisionNotHeldError, ChannelNotOpenError, NothingToExportError, InvalidChannelError
   */
  takeRequested({ revisions, channels, everyRevision }: ExportRequest): this {
    this.why.set('requested', { kind: 'requested', of: null });
    if (revisions.length > 0) return this.takeRevisions(revisions);
    const lines = channels.length > 0 ? channels.flatMap((text) => this.linesOn(text)) : this.held.releases;
    this.takeLines(lines);
    if (everyRevision) for (const { revision } of this.held.revisions) this.numbers.add(revision);
    this.isEverything = everyRevision;
    if (this.numbers.size > 0) return this;
    throw new NothingToExportError(`no channel of ${this.held.name} is open: name a revision, or export --all`, {
      name: this.held.name,
    });
  }

  /**
   * Takes in what devices of these architectures install where another snap needs this one: what its default channel holds, else
   * what any channel holds, else the newest revision.
   */
  takeNeeded(reason: BundleReason, architectures: readonly string[]): void {
    this.why.set(`${reason.kind} ${reason.of ?? ''}`, reason);
    const suiting = this.held.releases.filter(({ architecture }) => {
      return architecture === ALL || architectures.includes(ALL) || architectures.includes(architecture);
    });
    const usual = suiting.filter(({ channel }) => this.usualChannels.includes(channel));
    const lines = usual.length > 0 ? usual : suiting;
    this.takeLines(lines);
    if (lines.length > 0) return;
    const newest = this.held.revisions.findLast((revision) =>
      architectures.some((architecture) => architecture === ALL || runsOn(revision.architectures, architecture)),
    );
    if (newest !== undefined) this.numbers.add(newest.revision);
  }

  private takeRevisions(revisions: readonly number[]): this {
    const { name } = this.held;
    for (const number of revisions) {
      if (!this.held.revisions.some(({ revision }) => revision === number))
        throw new RevisionNotHeldError(name, number);
      this.numbers.add(number);
    }
    for (const line of this.held.releases) if (this.numbers.has(line.revision)) this.lines.add(line);
    return this;
  }

  private takeLines(lines: readonly OpenRelease[]): void {
    for (const line of lines) {
      this.lines.add(line);
      this.numbers.add(line.revision);
    }
  }

  private linesOn(text: string): OpenRelease[] {
    const wanted = Channel.parseWithDefaultTrack(text, this.held.defaultTrack ?? DEFAULT_TRACK).toString();
    const lines = this.held.releases.filter(({ channel }) => channel === wanted);
    if (lines.length === 0) throw new ChannelNotOpenError(this.held.name, wanted);
    return lines;
  }

  /** Where snapd looks for a snap that another needs (snapd: overlord/snapstate/handlers_prereq.go, defaultPrereqSnapsChannel). */
  private get usualChannels(): string[] {
    return [...new Set([`${this.held.defaultTrack ?? DEFAULT_TRACK}/stable`, `${DEFAULT_TRACK}/stable`])];
  }
}
