import { readBundleFolder } from './folder.js';
import { joinedParts, partsOfNamedBundle } from './parts/split-bundle.js';
import { readBundle, type BundlePart, type ReadBundleOptions } from './reader.js';
import { openBytes, type ImportSource } from './source.js';

/** A carried file that has a manifest. */
export type BundleSource = Extract<ImportSource, { readonly kind: 'bundle' | 'bundle-folder' | 'bundle-parts' }>;

export function isBundleSource(source: ImportSource): source is BundleSource {
  return source.kind === 'bundle' || source.kind === 'bundle-folder' || source.kind === 'bundle-parts';
}

/** Reads a bundle in whatever form it lies there; see `readBundle`. */
export function readBundleSource(
  source: BundleSource,
  given: Omit<ReadBundleOptions, 'file'>,
): AsyncGenerator<BundlePart, void> {
  const options = { ...given, file: source.path };
  switch (source.kind) {
    case 'bundle':
      return readBundle(openBytes(source.path), options);
    case 'bundle-folder':
      return readBundleFolder(source.path, options);
    case 'bundle-parts': {
      const bytes = joinedParts(source, ({ path }) => openBytes(path));
      return partsOfNamedBundle(readBundle(bytes, options), source);
    }
  }
}
