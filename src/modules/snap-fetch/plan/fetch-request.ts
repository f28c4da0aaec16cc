import type { Assertion } from '../../../formats/assertion/index.js';
import type { Holdings } from '../../../formats/bundle/index.js';
import type { Architecture } from '../../../kernel/architecture.js';

/** What an operator wants on the other side of the gap. */
export interface FetchRequest {
  /** In the order in which they were named. A name may be there more than once, with other revisions or channels. */
  readonly packages: readonly WantedPackage[];
  readonly models: readonly WantedModel[];
  readonly validationSets: readonly WantedValidationSet[];
  /** The devices that what has no architectures of its own is for. Never empty. */
  readonly architectures: readonly Architecture[];
  /** Whether they were said, or are a guess that a revision's own architectures may correct. */
  readonly areArchitecturesSaid: boolean;
  /** Whether what a device asks for beside what it was told to install comes along: bases, snapd, content providers, components. */
  readonly withPrerequisites: boolean;
  readonly packing: Packing;
  /** What the other side holds already. */
  readonly since: readonly Holdings[];
}

/** `shared`: a file for each thing that was named, nothing twice. `standalone`: each file is enough by itself. `single`: one file. */
export type Packing = 'shared' | 'standalone' | 'single';

export interface WantedPackage {
  readonly name: string;
  /** Null for all of its components, as far as prerequisites come along. */
  readonly components: readonly string[] | null;
  /** As written: without a track, the snap's default track is meant. Empty: stable. With a revision: where it is released there. */
  readonly channels: readonly string[];
  /** Null for the request's. */
  readonly architectures: readonly Architecture[] | null;
  readonly revision: number | null;
  readonly cohortKey: string | null;
  /** As written: where it is released on the other side, wherever it comes from. */
  readonly pushChannel: string | null;
}

export interface WantedModel {
  /** Of type `model`. */
  readonly model: Assertion;
  /** What else came in its file, such as its brand's account-key. */
  readonly others: readonly Assertion[];
}

export interface WantedValidationSet {
  readonly accountId: string;
  readonly name: string;
  /** Null for the latest. */
  readonly sequence: number | null;
}
