import { isBundleSource, NotABundleError, planImports, type BundleSource } from '../../formats/bundle/index.js';

/** The bundles that these files are. @throws NotABundleError for what has no manifest */
export async function bundleSources(files: readonly string[]): Promise<BundleSource[]> {
  const { sources } = await planImports(files);
  return sources.map((source) => {
    if (isBundleSource(source)) return source;
    throw new NotABundleError({ file: source.path, member: null }, 'has no manifest, so there is nothing to go by');
  });
}
