import { NotABundleError, readBundleSource, type BundleHead, type BundleSource } from '../../formats/bundle/index.js';

/** Reads a bundle's manifest and its signature, and nothing that comes after them. @throws BundleError */
export async function readHead(source: BundleSource, signal: AbortSignal): Promise<BundleHead> {
  for await (const part of readBundleSource(source, { signal, blobsCheckedBy: 'nobody' }))
    if (part.kind === 'head') return part;
  throw new NotABundleError({ file: source.path, member: null }, 'has no manifest');
}
