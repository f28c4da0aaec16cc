import type { AssertionRef } from '../../../formats/assertion/index.js';

export const ASSERTIONS_ROUTE = 'v2/assertions/';

/** Where an assertion is, below the base URL, in the form in which snapd asks for it too. */
export function assertionPath(ref: AssertionRef, maxFormat: number): string {
  const key = ref.reducedPrimaryKey.map(encodeURIComponent).join('/');
  return `/${ASSERTIONS_ROUTE}${ref.type.name}/${key}?max-format=${maxFormat}`;
}
