import { encodeAssertionStream, type Assertion } from '../../src/formats/assertion/index.js';
import { sha3, testBundle, type TestBundle, type TestBundlePieces } from './bundles.js';
import { usualYaml, type SignedSnap, type TestAuthority } from './test-authority.js';
import { tinySquashfs } from './tiny-squashfs.js';

export interface ComponentPlan {
  readonly name: string;
  readonly revision: number;
  readonly type?: string;
  readonly version?: string;
  /** Instead of the usual component.yaml. */
  readonly yaml?: string;
  /** What the manifest calls its type; what the component says by default. */
  readonly declaredType?: string;
  /** Revisions of the snap that a signed pair puts it to. */
  readonly pairedWith?: readonly number[];
  /** Headers of the assertions that are to be other than usual. */
  readonly resourceRevision?: Readonly<Record<string, string>>;
  readonly provenance?: string;
}

/** A component with what is signed about it. */
export interface SignedComponent {
  readonly plan: ComponentPlan;
  readonly content: Buffer;
  readonly assertions: readonly Assertion[];
}

/** A snap.yaml that announces components; each `docs: standard`. */
export function yamlWith(name: string, revision: number, components: Readonly<Record<string, string>>): string {
  const lines = Object.entries(components).flatMap(([component, type]) => [`  ${component}:`, `    type: ${type}`]);
  return `${usualYaml(name, revision)}components:\n${lines.join('\n')}\n`;
}

export function signedComponent(
  authority: TestAuthority,
  { name: snapName, snapId }: SignedSnap['plan'],
  plan: ComponentPlan,
): SignedComponent {
  const { name, revision, type = 'standard', version, provenance } = plan;
  const lines = [
    `component: ${snapName}+${name}`,
    `type: ${type}`,
    `summary: ${name} of ${snapName}`,
    ...(version === undefined ? [] : [`version: "${version}"`]),
    ...(provenance === undefined ? [] : [`provenance: ${provenance}`]),
  ];
  const content = tinySquashfs(
    { 'meta/component.yaml': plan.yaml ?? `${lines.join('\n')}\n`, 'data/revision': `${revision}\n` },
    { sizeBytes: 16_384 },
  );
  const common = {
    'snap-id': snapId,
    'resource-name': name,
    'resource-revision': String(revision),
    'developer-id': 'testpublisher',
    ...(provenance === undefined ? {} : { provenance }),
  };
  const resource = { 'resource-sha3-384': sha3(content).base64url, 'resource-size': String(content.length) };
  const pairs = (plan.pairedWith ?? []).map((snapRevision) =>
    authority.sign('snap-resource-pair', { ...common, 'snap-revision': String(snapRevision) }),
  );
  const assertions = [
    authority.sign('snap-resource-revision', { ...common, ...resource, ...plan.resourceRevision }),
    ...pairs,
  ];
  return { plan, content, assertions };
}

export interface ComponentBundlePieces extends Partial<TestBundlePieces> {
  readonly snap: SignedSnap;
  /** Whether the snap itself is carried; else only what belongs to it. */
  readonly carriesSnap?: boolean;
  readonly components: readonly SignedComponent[];
  /** `docs 1`, … as the manifest puts them to the snap's revision. */
  readonly declaredPairs?: readonly { readonly name: string; readonly revision: number }[];
}

/** A bundle of one snap on latest/stable with components. */
export function componentBundle(pieces: ComponentBundlePieces): TestBundle {
  const { snap, carriesSnap = true, components, declaredPairs, ...others } = pieces;
  const { name, snapId, revision } = snap.plan;
  const carriedPairs = components
    .filter(({ plan }) => plan.pairedWith?.includes(revision))
    .map(({ plan }) => ({ name: plan.name, revision: plan.revision }));
  const assertions = [...snap.assertions, ...components.flatMap((component) => component.assertions)];
  return testBundle({
    snaps: [
      {
        name,
        snapId,
        revisions: carriesSnap
          ? [
              {
                revision,
                content: snap.content,
                channels: ['latest/stable'],
                components: declaredPairs ?? carriedPairs,
              },
            ]
          : [],
        components: components.map(({ plan, content }) => ({
          name: plan.name,
          revision: plan.revision,
          type: plan.declaredType ?? plan.type ?? 'standard',
          content,
        })),
      },
    ],
    assertions: [{ name, bytes: encodeAssertionStream(assertions) }],
    ...others,
  });
}
