import type { Sha3_384 } from '../../kernel/digest.js';
import type {
  BundleAssertionFile,
  BundleComponent,
  BundleManifest,
  BundleMedia,
  BundleRevision,
  BundleSnap,
} from './manifest.js';

export const MANIFEST_PATH = 'bundle.json';
export const SIGNATURE_PATH = 'bundle.json.sig';
export const SUMS_PATH = 'SHA3-384SUMS';

/** The folders that a bundle may have; nothing lies deeper. */
export const MEMBER_FOLDERS = ['assertions', 'snaps', 'components', 'media'] as const;

/** A member that the manifest declares: where it is, how many bytes it has and what they hash to. */
export type DeclaredMember = { readonly path: string; readonly digest: Sha3_384; readonly size: number } & (
  | { readonly kind: 'assertions'; readonly declared: BundleAssertionFile }
  | { readonly kind: 'snap'; readonly snap: BundleSnap; readonly declared: BundleRevision }
  | { readonly kind: 'component'; readonly snap: BundleSnap; readonly declared: BundleComponent }
  | { readonly kind: 'media'; readonly declared: BundleMedia }
);

export function snapPath(snapId: string, revision: number): string {
  return `snaps/${snapId}_${revision}.snap`;
}

export function componentPath(snapId: string, name: string, revision: number): string {
  return `components/${snapId}_${name}_${revision}.comp`;
}

export function mediaPath(digest: Sha3_384): string {
  return `media/${digest.hex}`;
}

/**
 * What follows the manifest and its signature, in the one order that a bundle may have: assertions as the manifest lists
 * them, then snaps, components and media, each by path in code-unit order. SHA3-384SUMS comes after all of them.
 */
export function declaredMembers(manifest: BundleManifest): DeclaredMember[] {
  const assertions = manifest.assertions.map((declared): DeclaredMember => {
    return { kind: 'assertions', path: declared.path, digest: declared.digest, size: declared.size, declared };
  });
  const snaps = manifest.snaps.flatMap((snap) =>
    snap.revisions.map((declared): DeclaredMember => {
      const path = snapPath(snap.snapId, declared.revision);
      return { kind: 'snap', path, digest: declared.digest, size: declared.size, snap, declared };
    }),
  );
  const components = manifest.snaps.flatMap((snap) =>
    snap.components.map((declared): DeclaredMember => {
      const path = componentPath(snap.snapId, declared.name, declared.revision);
      return { kind: 'component', path, digest: declared.digest, size: declared.size, snap, declared };
    }),
  );
  const media = manifest.media.map((declared): DeclaredMember => {
    return { kind: 'media', path: mediaPath(declared.digest), digest: declared.digest, size: declared.size, declared };
  });
  return [...assertions, ...snaps.sort(byPath), ...components.sort(byPath), ...media.sort(byPath)];
}

function byPath(one: DeclaredMember, other: DeclaredMember): number {
  return one.path < other.path ? -1 : 1;
}
