import type { Assertion, Verdict } from '../../formats/assertion/index.js';
import { Sha3_384 } from '../../kernel/digest.js';
import type { ComponentRow, RevisionRow } from './integrity.repository.js';

export interface RevisionProblem {
  readonly name: string;
  readonly revision: number;
  readonly problem: string;
}

/** Revisions that have no file, or whose file no assertion that holds speaks of. */
export function revisionProblems(revisions: readonly RevisionRow[], verdicts: readonly Verdict[]): RevisionProblem[] {
  const holding = verdicts.filter(({ error }) => error === null).map(({ assertion }) => assertion);
  const snapRevisions = new Map(ofType(holding, 'snap-revision').map((one) => [revisionKey(one), one]));
  const declarations = new Map(ofType(holding, 'snap-declaration').map((one) => [one.text('snap-id'), one]));
  return revisions.flatMap((row) => {
    const key = `${Sha3_384.fromHex(row.sha3_384).base64url}/${row.provenance}`;
    const problem = problemOf(row, snapRevisions.get(key), declarations.get(row.snapId));
    return problem === null ? [] : [{ name: row.name, revision: row.revision, problem }];
  });
}

function problemOf(
  { snapId, name, revision, sizeBytes, blobSizeBytes }: RevisionRow,
  snapRevision: Assertion | undefined,
  declaration: Assertion | undefined,
): string | null {
  if (blobSizeBytes === null) return 'its file is not held';
  if (blobSizeBytes !== sizeBytes) return `its file has ${blobSizeBytes} bytes where ${sizeBytes} are right`;
  if (snapRevision === undefined) return 'no snap-revision that holds speaks of its file';
  const isOfIt =
    snapRevision.text('snap-id') === snapId &&
    snapRevision.text('snap-revision') === String(revision) &&
    snapRevision.text('snap-size') === String(sizeBytes);
  if (!isOfIt) return 'its snap-revision is of another snap, revision or size';
  if (declaration === undefined) return 'no snap-declaration that holds speaks of it';
  if (declaration.text('snap-name') !== name) return `its snap-declaration names it ${declaration.text('snap-name')}`;
  return null;
}

function ofType(assertions: readonly Assertion[], type: string): Assertion[] {
  return assertions.filter((assertion) => assertion.type.name === type);
}

function revisionKey(assertion: Assertion): string {
  return `${assertion.text('snap-sha3-384')}/${assertion.text('provenance')}`;
}

/** As `revisionProblems`, of components; named as `SNAP+COMPONENT`. */
export function componentProblems(
  components: readonly ComponentRow[],
  verdicts: readonly Verdict[],
): RevisionProblem[] {
  if (components.length === 0) return [];
  const holding = verdicts.filter(({ error }) => error === null).map(({ assertion }) => assertion);
  const resources = new Map(ofType(holding, 'snap-resource-revision').map((one) => [one.primaryKey.join('/'), one]));
  const pairs = new Set(ofType(holding, 'snap-resource-pair').map((one) => one.primaryKey.join('/')));
  return components.flatMap((row) => {
    const { snapId, snapName, name, revision, provenance } = row;
    const key = [snapId, name, Sha3_384.fromHex(row.sha3_384).base64url, provenance].join('/');
    const unpaired = row.snapRevisions.find(
      (snapRevision) => !pairs.has([snapId, name, revision, snapRevision, provenance].join('/')),
    );
    const problem =
      componentProblem(row, resources.get(key)) ??
      (unpaired === undefined
        ? null
        : `no snap-resource-pair that holds puts it to revision ${unpaired} of ${snapName}`);
    return problem === null ? [] : [{ name: `${snapName}+${name}`, revision, problem }];
  });
}

function componentProblem(
  { revision, sizeBytes, blobSizeBytes }: ComponentRow,
  resource: Assertion | undefined,
): string | null {
  if (blobSizeBytes === null) return 'its file is not held';
  if (blobSizeBytes !== sizeBytes) return `its file has ${blobSizeBytes} bytes where ${sizeBytes} are right`;
  if (resource === undefined) return 'no snap-resource-revision that holds speaks of its file';
  const isOfIt =
    resource.text('resource-revision') === String(revision) && resource.text('resource-size') === String(sizeBytes);
  return isOfIt ? null : 'its snap-resource-revision is of another revision or size';
}
