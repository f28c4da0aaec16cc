import { type Assertion, assertionRef } from '../../../formats/assertion/index.js';
import { inspectComponent, inspectSnap } from '../../../formats/snap-file/index.js';
import { parseSnapYaml } from '../../../formats/snap-yaml/index.js';
import { FileAccess } from '../../../formats/squashfs/index.js';
import { runsOn } from '../../../kernel/architecture.js';
import type { AssertionChains } from '../assertions/assertion-chains.js';
import type { FileDownload } from '../download/file-download.js';
import { aboutSubject, FetchRefusedError } from '../fetch.errors.js';
import type { PlannedComponent, PlannedRevision, PlannedSnap } from '../plan/fetch-plan.js';

const SERIES = '16';
const USUAL_PROVENANCE = 'global-upload';

/** What the signed statements about one planned revision are, and what they leave for the files themselves to say. */
export interface RevisionEvidence {
  /** Those that are to be carried, without what they need. */
  readonly assertions: readonly Assertion[];
  readonly provenance: string;
}

/** `jq_6.snap`, as `snap download` calls it. */
export function snapFileName(snap: PlannedSnap, { store }: PlannedRevision): string {
  return `${snap.name}_${store.revision}.snap`;
}

/** `editor+docs_3.comp` */
export function componentFileName(snap: PlannedSnap, { store }: PlannedComponent): string {
  return `${snap.name}+${store.name}_${store.revision}.comp`;
}

/**
 * Brings the assertions about a revision and its components, and holds the plan against them: a device will ask for the same
 * and refuse what does not fit. That they hold themselves is for `AssertionChains.proven` to say.
 * @throws FetchRefusedError, FetchFailedError
 */
export async function revisionEvidence(
  chains: AssertionChains,
  snap: PlannedSnap,
  revision: PlannedRevision,
): Promise<RevisionEvidence> {
  const subject = snapFileName(snap, revision);
  const { store } = revision;
  const provenance = provenanceOf(store.snapYaml);
  const need = new Needs(chains, subject);
  const [declaration, snapRevision] = await Promise.all([
    need.one('snap-declaration', [SERIES, snap.snapId]),
    need.one('snap-revision', [store.download.digest.base64url, provenance]),
  ]);
  const name = declaration.text('snap-name');
  if (name === '') throw new FetchRefusedError(subject, 'its snap-declaration is revoked');
  mustAgree(subject, 'its snap-declaration', [['name', name, snap.name]]);
  mustAgree(subject, 'its snap-revision', [
    ['snap-id', snapRevision.text('snap-id'), snap.snapId],
    ['revision', snapRevision.text('snap-revision'), String(store.revision)],
    ['size', snapRevision.text('snap-size'), String(store.download.size)],
  ]);
  const components = await Promise.all(
    revision.components.map((component) => componentEvidence(chains, { snap, revision, component, provenance })),
  );
  return { assertions: [declaration, snapRevision, ...components.flat()], provenance };
}

async function componentEvidence(
  chains: AssertionChains,
  given: { snap: PlannedSnap; revision: PlannedRevision; component: PlannedComponent; provenance: string },
): Promise<Assertion[]> {
  const { snap, revision, component, provenance } = given;
  const { store } = component;
  const subject = componentFileName(snap, component);
  const need = new Needs(chains, subject);
  const pairKey = [snap.snapId, store.name, String(store.revision), String(revision.store.revision), provenance];
  const pair = need.one('snap-resource-pair', pairKey);
  if (component.isAssumed) return [await pair];
  const resourceKey = [snap.snapId, store.name, store.download.digest.base64url, provenance];
  const [resourceRevision, itsPair] = await Promise.all([need.one('snap-resource-revision', resourceKey), pair]);
  mustAgree(subject, 'its snap-resource-revision', [
    ['revision', resourceRevision.text('resource-revision'), String(store.revision)],
    ['size', resourceRevision.text('resource-size'), String(store.download.size)],
  ]);
  return [resourceRevision, itsPair];
}

/**
 * Looks into a snap that was downloaded: it has to be what the store said of it, since the plan was made after that.
 * @throws FetchRefusedError, FetchFailedError
 */
export async function checkSnapFile(
  file: FileDownload,
  snap: PlannedSnap,
  { store }: PlannedRevision,
  provenance: string,
): Promise<void> {
  const subject = file.wanted.name;
  const { yaml } = await inspected(file, inspectSnap);
  mustAgree(subject, 'its snap.yaml', [
    ['name', yaml.name, snap.name],
    ['provenance', yaml.provenance ?? USUAL_PROVENANCE, provenance],
    ['version', yaml.version, store.version],
    // A store that does not say it leaves it to the snap.
    ['base', yaml.base ?? '', store.base ?? yaml.base ?? ''],
  ]);
  mustRunWhereReleased(subject, yaml.architectures, snap, store.revision);
}

/** A store may say `all` of a snap that runs on less (snapd's fakestore does of every one); devices are told what the snap says. */
function mustRunWhereReleased(subject: string, declared: readonly string[], snap: PlannedSnap, revision: number): void {
  const released = snap.channelMap.filter((release) => release.revision === revision);
  const wrong = released.find(({ architecture }) => architecture !== 'all' && !runsOn(declared, architecture));
  if (wrong === undefined) return;
  const only = shown(declared.join(', '));
  throw new FetchRefusedError(
    subject,
    `the store releases it for ${wrong.architecture}, and its snap.yaml says ${only}`,
  );
}

/** As `checkSnapFile`, for a component. */
export async function checkComponentFile(
  file: FileDownload,
  snap: PlannedSnap,
  { store }: PlannedComponent,
  provenance: string,
): Promise<void> {
  const { yaml } = await inspected(file, inspectComponent);
  mustAgree(file.wanted.name, 'its component.yaml', [
    ['snap', yaml.snapName, snap.name],
    ['name', yaml.componentName, store.name],
    ['type', yaml.type, store.type],
    ['provenance', yaml.provenance ?? USUAL_PROVENANCE, provenance],
  ]);
}

/** Asks for what has to be there. */
class Needs {
  constructor(
    private readonly chains: AssertionChains,
    private readonly subject: string,
  ) {}

  async one(type: string, primaryKey: readonly string[]): Promise<Assertion> {
    const ref = assertionRef(type, primaryKey);
    const found = await this.chains.find(this.subject, ref);
    if (found === null) throw new FetchRefusedError(this.subject, `the store has no ${ref.toString()}`);
    return found;
  }
}

/** Which snap-revision to ask for; the snap itself is held against it once it is here. */
function provenanceOf(snapYaml: string | null): string {
  if (snapYaml === null) return USUAL_PROVENANCE;
  return parseSnapYaml(Buffer.from(snapYaml)).provenance ?? USUAL_PROVENANCE;
}

async function inspected<T>(file: FileDownload, look: (access: FileAccess) => Promise<T>): Promise<T> {
  const handle = await file.open();
  try {
    return await aboutSubject(file.wanted.name, async () => look(await FileAccess.of(handle)));
  } finally {
    await handle.close();
  }
}

/** @param facts what it is about, what is found, and what the store said */
function mustAgree(subject: string, where: string, facts: readonly (readonly [string, string, string])[]): void {
  const wrong = facts.find(([, found, said]) => found !== said);
  if (wrong === undefined) return;
  const [what, found, said] = wrong;
  throw new FetchRefusedError(
    subject,
    `the store says its ${what} is "${shown(said)}", and ${where} "${shown(found)}"`,
  );
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
