import { Injectable } from '@nestjs/common';

import { AssertionService } from '../assertions/index.js';
import { Collector, Scrubber, type ScrubReport } from '../blobs/index.js';
import { componentProblems, revisionProblems, type RevisionProblem } from './held-against-assertions.js';
import { IntegrityRepository, type DanglingRelease, type PictureRow } from './integrity.repository.js';

export interface VerifyProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: 'bytes' | 'items';
}

export interface VerifyStoreOptions {
  /** Removes what is orphaned, and serves again what was marked as damaged and is whole. */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface PictureProblem {
  readonly name: string;
  readonly type: string;
  readonly sha3_384: string;
  readonly problem: string;
}

/** What a store was found to be. Orphans take room and harm nobody: they do not make it unsound. */
export interface IntegrityReport {
  readonly isSound: boolean;
  readonly files: {
    readonly checked: number;
    readonly checkedBytes: number;
    readonly damaged: ScrubReport['damaged'];
    readonly missing: readonly string[];
    /** Were marked as damaged and are whole. */
    readonly recovered: readonly string[];
    /** Nothing needs them: files without a row, and rows that no revision names. */
    readonly orphaned: readonly string[];
  };
  readonly assertions: {
    readonly checked: number;
    readonly refused: readonly { readonly assertion: string; readonly reason: string }[];
  };
  readonly revisions: { readonly checked: number; readonly problems: readonly RevisionProblem[] };
  /** Named `SNAP+COMPONENT`. */
  readonly components: { readonly checked: number; readonly problems: readonly RevisionProblem[] };
  /** What snaps are shown with. */
  readonly pictures: { readonly checked: number; readonly problems: readonly PictureProblem[] };
  readonly danglingReleases: readonly DanglingRelease[];
  /** Null where no repair was asked for. */
  readonly repaired: { readonly removedFiles: number; readonly freedBytes: number; readonly recovered: number } | null;
}

/** Proves a store from the ground up: every byte against its digest, every assertion against the roots, every row against both. */
@Injectable()
export class StoreVerifier {
  constructor(
    private readonly repository: IntegrityRepository,
    private readonly assertions: AssertionService,
    private readonly scrubber: Scrubber,
    private readonly collector: Collector,
  ) {}

  /** May run beside a store that serves and imports. @throws the signal's reason when aborted */
  async verify({
    repair = false,
    signal,
    onProgress = () => undefined,
  }: VerifyStoreOptions = {}): Promise<IntegrityReport> {
    const scrub = await this.scrubber.scrub({
      repair,
      signal,
      onProgress: ({ checkedBytes, totalBytes }) => {
        onProgress({ step: 'reading files', done: checkedBytes, total: totalBytes, unit: 'bytes' });
      },
    });
    // Revisions before assertions: what an import adds meanwhile can then only be missing among the revisions.
    const revisions = await this.repository.revisions();
    const components = await this.repository.components();
    const pictures = await this.repository.pictures();
    onProgress({ step: 'verifying assertions', done: 0, total: null, unit: 'items' });
    const verdicts = await this.assertions.verifyHeld();
    signal?.throwIfAborted();
    const problems = await this.stillThere(revisionProblems(revisions, verdicts));
    const partProblems = await this.componentsStillThere(componentProblems(components, verdicts));
    const pictureProblems = await this.pictureProblems(pictures);
    const unused = await this.repository.unusedBlobs();
    const danglingReleases = await this.repository.danglingReleases();
    const refused = verdicts.flatMap(({ assertion, error }) => {
      return error === null ? [] : [{ assertion: assertion.toString(), reason: error.message }];
    });
    const wrong = [scrub.damaged, scrub.missing, refused, problems, partProblems, pictureProblems, danglingReleases];
    return {
      isSound: wrong.every((list) => list.length === 0),
      files: {
        checked: scrub.checked,
        checkedBytes: scrub.checkedBytes,
        damaged: scrub.damaged,
        missing: scrub.missing,
        recovered: scrub.recovered,
        orphaned: [...new Set([...scrub.orphaned, ...unused])].sort(),
      },
      assertions: { checked: verdicts.length, refused },
      revisions: { checked: revisions.length, problems },
      components: { checked: components.length, problems: partProblems },
      pictures: { checked: pictures.length, problems: pictureProblems },
      danglingReleases,
      repaired: repair ? { ...(await this.removeOrphans()), recovered: scrub.recovered.length } : null,
    };
  }

  /** What was removed since it was looked at lacks nothing. */
  private async stillThere(problems: readonly RevisionProblem[]): Promise<RevisionProblem[]> {
    if (problems.length === 0) return [];
    const held = new Set((await this.repository.revisions()).map(({ name, revision }) => `${name} ${revision}`));
    return problems.filter(({ name, revision }) => held.has(`${name} ${revision}`));
  }

  private async componentsStillThere(problems: readonly RevisionProblem[]): Promise<RevisionProblem[]> {
    if (problems.length === 0) return [];
    const held = new Set(
      (await this.repository.components()).map(({ snapName, name, revision }) => `${snapName}+${name} ${revision}`),
    );
    return problems.filter(({ name, revision }) => held.has(`${name} ${revision}`));
  }

  private async pictureProblems(pictures: readonly PictureRow[]): Promise<PictureProblem[]> {
    const wrong = pictures.filter(({ isWhole }) => isWhole !== true);
    if (wrong.length === 0) return [];
    const key = ({ name, type, sha3_384 }: PictureRow): string => `${name} ${type} ${sha3_384}`;
    const used = new Set((await this.repository.pictures()).map(key));
    return wrong
      .filter((picture) => used.has(key(picture)))
      .map(({ name, type, sha3_384, isWhole }) => {
        return {
          name,
          type,
          sha3_384,
          problem: isWhole === null ? 'its file is not held' : 'its file has another size',
        };
      });
  }

  private async removeOrphans(): Promise<{ removedFiles: number; freedBytes: number }> {
    let rows: readonly string[] = [];
    const freedBytes = await this.collector.removing(async () => (rows = await this.repository.unusedBlobs()));
    const collected = await this.collector.collect();
    return { removedFiles: rows.length + collected.blobs.length, freedBytes: freedBytes + collected.freedBytes };
  }
}
