import { setFlagsFromString } from 'node:v8';

/**
 * For a process that only serves, before it has loaded much. V8 puts what a piece of code makes into the old generation for
 * good once it has seen such objects outlive a wait, as those of refresh requests do while the catalogue is cold. From then on
 * all garbage of such requests has to be found by full collections: with 10,000 snaps in memory that cost 65 µs of the 140 µs
 * that a request took.
 */
export function tuneForServing(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
