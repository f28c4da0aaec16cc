import { parseSnapYaml, type SnapYaml } from '../../../src/formats/snap-yaml/index.js';
import { sha3 } from '../bundles.js';
import { tinySquashfs } from '../tiny-squashfs.js';

type Headers = Readonly<Record<string, string>>;

/** What is put into the store: the shape of a snap's file, or the file itself, and what the store says beside it. */
export interface Publication {
  readonly name: string;
  readonly revision: number;
  /** Made from the name where it is absent. */
  readonly snapId?: string;
  readonly architectures?: readonly string[];
  /** `core22` where it is absent; null for a snap without. */
  readonly base?: string | null;
  /** `app` where it is absent. */
  readonly type?: string;
  /** Lines that are added to the usual snap.yaml, such as plugs. */
  readonly moreYaml?: string;
  /** Instead of the usual one. */
  readonly snapYaml?: string;
  readonly sizeBytes?: number;
  /** A file and its assertions, signed elsewhere; without `stream` the store's authority signs. */
  readonly content?: Buffer;
  readonly stream?: Buffer;
  readonly declaration?: Headers;
  readonly snapRevision?: Headers;
  /** Where it is released: `latest/stable` where they are absent. */
  readonly channels?: readonly string[];
  readonly defaultTrack?: string;
  readonly components?: readonly PublishedComponent[];
  readonly media?: readonly {
    readonly type: string;
    readonly bytes: Buffer;
    readonly contentType: string;
    readonly width?: number;
    readonly height?: number;
  }[];
  /** Members of the answers' `snap` object that are to be other than usual: `title`, `links`, `website`, … */
  readonly says?: Readonly<Record<string, unknown>>;
  readonly createdAt?: string;
  readonly isPrivate?: boolean;
  /** Shown only to devices of this store. */
  readonly storeId?: string;
}

export interface PublishedComponent {
  readonly name: string;
  readonly revision: number;
  readonly type?: string;
  readonly version?: string;
  readonly content?: Buffer;
}

export interface OfferedSnap {
  readonly name: string;
  readonly snapId: string;
  readonly revisions: Map<number, OfferedRevision>;
  readonly releases: OfferedRelease[];
}

export interface OfferedRelease {
  readonly architecture: string;
  readonly channel: string;
  readonly revision: number;
  readonly releasedAt: string;
}

interface OfferedComponent {
  readonly name: string;
  readonly revision: number;
  readonly type: string;
  readonly version: string | null;
  readonly content: Buffer;
  readonly path: string;
}

interface OfferedFiles {
  readonly content: Buffer;
  readonly components: readonly OfferedComponent[];
  readonly media: readonly {
    readonly type: string;
    readonly path: string;
    readonly width: number | null;
    readonly height: number | null;
  }[];
}

export interface OfferedRevision extends OfferedFiles {
  readonly name: string;
  readonly snapId: string;
  readonly revision: number;
  readonly architectures: readonly string[];
  readonly yaml: SnapYaml;
  readonly snapYaml: string;
  /** Of its file, on this store. */
  readonly path: string;
  readonly publication: Publication;
}

export function offeredRevision(publication: Publication, snapId: string, files: OfferedFiles): OfferedRevision {
  const snapYaml = snapYamlOf(publication);
  const yaml = parseSnapYaml(Buffer.from(snapYaml));
  const { name, revision } = publication;
  const path = `/api/v1/snaps/download/${snapId}_${revision}.snap`;
  return { ...files, name, snapId, revision, architectures: yaml.architectures, yaml, snapYaml, path, publication };
}

/** A publication with a file of its own has to bring its snap.yaml too, or the usual one has to be right for it. */
export function snapYamlOf(given: Publication): string {
  if (given.snapYaml !== undefined) return given.snapYaml;
  const { name, revision, architectures = ['amd64'], base = 'core22', type = 'app', components = [] } = given;
  return [
    `name: ${name}`,
    `version: "${revision}.0"`,
    `summary: ${name}`,
    'description: of the tests',
    `architectures: [${architectures.join(', ')}]`,
    ...(type === 'app' ? [] : [`type: ${type}`]),
    ...(base === null || type === 'base' || type === 'snapd' ? [] : [`base: ${base}`]),
    'confinement: strict',
    'grade: stable',
    ...(components.length === 0 ? [] : ['components:']),
    ...components.map((component) => `  ${component.name}: { type: ${component.type ?? 'standard'} }`),
    ...(given.moreYaml === undefined ? [] : [given.moreYaml.trimEnd()]),
    '',
  ].join('\n');
}

export function componentFile(
  snapName: string,
  { name, revision, type = 'standard', version }: PublishedComponent,
): Buffer {
  const yaml = [
    `component: ${snapName}+${name}`,
    `type: ${type}`,
    ...(version === undefined ? [] : [`version: "${version}"`]),
  ];
  const files = { 'meta/component.yaml': `${yaml.join('\n')}\n`, 'data/revision': `${revision}\n` };
  return tinySquashfs(files, { sizeBytes: 16_384 });
}

/** `download` as answers have it. */
export function downloadOf(storeUrl: string, { path, content }: { readonly path: string; readonly content: Buffer }) {
  return { url: `${storeUrl}${path}`, size: content.length, 'sha3-384': sha3(content).hex, deltas: [] };
}
