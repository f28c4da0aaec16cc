import type fc from 'fast-check';

import type { SignedSnap } from '../../support/test-authority.js';
import type { WireRequest } from '../wire.js';

/** What the store holds and a device may know, for requests that get somewhere. */
export interface World {
  readonly snaps: readonly SignedSnap[];
  /** Requests for a session that the store would grant, each with a nonce of its own. */
  readonly sessions: readonly Readonly<
    Record<'device-session-request' | 'serial-assertion' | 'model-assertion', string>
  >[];
  /** What a device sends that wants a serial: the request, then its model. */
  readonly registrations: readonly string[];
}

/** One sort of request that is fuzzed by itself. */
export interface Kind {
  readonly name: string;
  readonly requests: (world: World) => fc.Arbitrary<WireRequest>;
  /** Statuses that some of the requests have to end in: proof that they get past the first check, and into it. */
  readonly reaches: readonly number[];
}
