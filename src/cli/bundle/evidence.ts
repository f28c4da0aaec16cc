import type { Assertion } from '../../formats/assertion/index.js';
import type { Sha3_384 } from '../../kernel/digest.js';

/** A snap whose digest is known, whether or not it has been read yet. */
export interface SnapSubject {
  readonly digest: Sha3_384;
  readonly sizeBytes: number;
  /** What the manifest says of it; null where there is none. */
  readonly declared: { readonly name: string; readonly snapId: string; readonly revision: number } | null;
}

/** Why a snap's file is not what verified assertions speak of, or null. */
export function snapProblem(
  { digest, sizeBytes, declared }: SnapSubject,
  holding: readonly Assertion[],
): string | null {
  const revision = holding.find(
    (one) => one.type.name === 'snap-revision' && one.text('snap-sha3-384') === digest.base64url,
  );
  if (revision === undefined) return 'no snap-revision that holds speaks of this file';
  const snapId = revision.text('snap-id');
  if (Number(revision.text('snap-size')) !== sizeBytes)
    return `its snap-revision is of a file of ${revision.text('snap-size')} bytes`;
  const declaration = holding.find((one) => one.type.name === 'snap-declaration' && one.text('snap-id') === snapId);
  if (declaration === undefined) return `no snap-declaration that holds speaks of ${snapId}`;
  if (declared === null) return null;
  return wrongFact([
    ['snap-id', snapId, declared.snapId],
    ['revision', revision.text('snap-revision'), String(declared.revision)],
    ['name', declaration.text('snap-name'), declared.name],
  ]);
}

/** A component, as the manifest declares it. */
export interface ComponentSubject {
  readonly snapId: string;
  readonly name: string;
  readonly revision: number;
  readonly digest: Sha3_384;
  readonly sizeBytes: number;
}

/** Why a component's file is not what verified assertions speak of, or null. */
export function componentProblem(
  { snapId, name, revision, digest, sizeBytes }: ComponentSubject,
  holding: readonly Assertion[],
): string | null {
  const found = holding.find(
    (one) =>
      one.type.name === 'snap-resource-revision' &&
      one.text('snap-id') === snapId &&
      one.text('resource-name') === name &&
      one.text('resource-sha3-384') === digest.base64url,
  );
  if (found === undefined) return 'no snap-resource-revision that holds speaks of this file';
  return wrongFact([
    ['size', found.text('resource-size'), String(sizeBytes)],
    ['revision', found.text('resource-revision'), String(revision)],
  ]);
}

function wrongFact(facts: readonly (readonly [what: string, signed: string, said: string])[]): string | null {
  const wrong = facts.find(([, signed, said]) => signed !== said);
  return wrong === undefined ? null : `its ${wrong[0]} is ${wrong[1]}, not ${wrong[2]} as the manifest says`;
}
