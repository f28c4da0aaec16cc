import {
  type Holdings,
  holdingsOfBundle,
  isBundleSource,
  NotABundleError,
  planImports,
  readBundleSource,
} from '../../formats/bundle/index.js';
import { holdingsOfInventory, readInventory } from '../../formats/inventory/index.js';
import { inventoryBytes } from './inventory-file.js';

/**
 * What the other side holds by these files: inventories of it, and bundles (whole, unpacked or in parts, or folders of them) that it has
 * imported. Signatures in them hold; who signed does not matter, since what a store turns out not to hold it will say at its import.
 * @throws BundleError naming the file
 */
export async function readHoldings(paths: readonly string[], signal: AbortSignal): Promise<Holdings[]> {
  const inventories: Holdings[] = [];
  const others: string[] = [];
  for (const path of paths) {
    const bytes = await inventoryBytes(path);
    if (bytes === null) others.push(path);
    else inventories.push(holdingsOfInventory(path, readInventory(bytes, path).inventory));
  }
  return [...inventories, ...(await holdingsOfBundles(others, signal))];
}

async function holdingsOfBundles(paths: readonly string[], signal: AbortSignal): Promise<Holdings[]> {
  if (paths.length === 0) return [];
  const { sources } = await planImports(paths);
  const holdings: Holdings[] = [];
  for (const source of sources) {
    const place = { file: source.path, member: null };
    if (!isBundleSource(source))
      throw new NotABundleError(place, 'says of no store what it holds: it is neither a bundle nor an inventory');
    for await (const part of readBundleSource(source, { signal, blobsCheckedBy: 'nobody' })) {
      if (part.kind !== 'head') continue;
      holdings.push(holdingsOfBundle(source.path, part.manifest));
      break;
    }
  }
  return holdings;
}
