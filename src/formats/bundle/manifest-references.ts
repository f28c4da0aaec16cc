import type { Fields } from './fields.js';
import type { BundleManifest, BundleSnap } from './manifest.js';

/**
 * What the parts of a manifest owe each other: nothing is declared twice, every channel, component pair and picture refers
 * to something that is carried or assumed, and what is carried is not assumed as well.
 */
export function checkReferences(manifest: BundleManifest, top: Fields): void {
  const { snaps, assumes } = manifest;
  top.unique(
    'snaps',
    snaps.map(({ snapId }) => snapId),
  );
  top.unique(
    'snaps',
    snaps.map(({ name }) => name),
  );
  top.unique('media', [...manifest.media.map(({ digest }) => digest.hex), ...assumes.media.map(String)]);
  top.unique(
    'assertions',
    manifest.assertions.map(({ path }) => path),
  );

  const revisions = snaps.flatMap((snap) => snap.revisions.map(({ revision }) => revisionKey(snap.snapId, revision)));
  const assumedRevisions = assumes.revisions.map((one) => revisionKey(one.snapId, one.revision));
  top.unique('revisions', [...revisions, ...assumedRevisions]);
  const components = snaps.flatMap((snap) =>
    snap.components.map((one) => componentKey(snap.snapId, one.name, one.revision)),
  );
  const assumedComponents = assumes.components.map((one) => componentKey(one.snapId, one.name, one.revision));
  top.unique('components', [...components, ...assumedComponents]);

  const heldRevisions = new Set([...revisions, ...assumedRevisions]);
  const heldComponents = new Set([...components, ...assumedComponents]);
  const heldMedia = new Set([...manifest.media.map(({ digest }) => digest.hex), ...assumes.media.map(String)]);
  for (const [index, snap] of snaps.entries()) {
    checkSnap(snap, `snaps[${index}]`, top, { heldRevisions, heldComponents, heldMedia });
  }
}

interface Held {
  readonly heldRevisions: ReadonlySet<string>;
  readonly heldComponents: ReadonlySet<string>;
  readonly heldMedia: ReadonlySet<string>;
}

function checkSnap(snap: BundleSnap, path: string, top: Fields, held: Held): void {
  top.unique(
    `${path}.channel-map`,
    snap.channelMap.map(({ architecture, channel }) => `${architecture} ${channel.toString()}`),
  );
  for (const { channel, revision } of snap.channelMap) {
    if (!held.heldRevisions.has(revisionKey(snap.snapId, revision))) {
      top.refuse(
        `${path}.channel-map`,
        `has revision ${revision} of ${snap.name} on ${channel.toString()}, which is neither carried nor assumed`,
      );
    }
  }
  for (const { revision, components } of snap.revisions) {
    for (const component of components) {
      if (!held.heldComponents.has(componentKey(snap.snapId, component.name, component.revision))) {
        top.refuse(
          `${path}.revisions`,
          `pairs revision ${revision} of ${snap.name} with component ${component.name} (${component.revision}), ` +
            'which is neither carried nor assumed',
        );
      }
    }
  }
  for (const { type, digest } of snap.metadata?.media ?? []) {
    if (!held.heldMedia.has(digest.hex)) {
      top.refuse(`${path}.metadata.media`, `has a ${type} ${digest.hex} that is neither carried nor assumed`);
    }
  }
}

function revisionKey(snapId: string, revision: number): string {
  return `${snapId}_${revision}`;
}

function componentKey(snapId: string, name: string, revision: number): string {
  return `${snapId}_${name}_${revision}`;
}
