/** Shared while files are published and their rows committed, exclusive while files or rows are removed. */
export const BLOBS_LOCK = 'blobs';

/** Held as long as the intake lives; the collector takes a staging folder only when it gets this. */
export function intakeLock(id: string): string {
  return `blob intake ${id}`;
}
