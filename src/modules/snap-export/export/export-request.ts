import type { Holdings } from '../../../formats/bundle/index.js';

/** What an operator wants to carry on to another store. */
export interface ExportRequest {
  /** In the order in which they were named; null for every snap that is held. */
  readonly names: readonly string[] | null;
  /** Of the one snap that is named. Empty: what `channels` say. */
  readonly revisions: readonly number[];
  /** As written: without a track, the snap's default track is meant. Empty: every open channel. */
  readonly channels: readonly string[];
  /** Every revision that is held, whether a channel holds it or not. */
  readonly everyRevision: boolean;
  /** Whether what a device asks for beside what it was told to install comes along, as far as it is held. */
  readonly withPrerequisites: boolean;
  readonly packing: ExportPacking;
  /** What the other store holds already. */
  readonly since: readonly Holdings[];
}

/** `shared`: a file for each name, nothing twice. `standalone`: each file is enough by itself. `single`: one file. */
export type ExportPacking = 'shared' | 'standalone' | 'single';
