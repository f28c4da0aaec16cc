import { open, stat } from 'node:fs/promises';

import { BundleUnreadableError } from '../../formats/bundle/index.js';
import { INVENTORY_LIMITS, looksLikeInventory } from '../../formats/inventory/index.js';
import { messageOf } from '../../kernel/store-error.js';

/**
 * All bytes of a file that may be an inventory, one more than there may be at most; null where it is something else.
 * @throws BundleUnreadableError
 */
export async function inventoryBytes(path: string): Promise<Buffer | null> {
  try {
    if (!(await stat(path)).isFile()) return null;
    const file = await open(path, 'r');
    try {
      const start = Buffer.alloc(1);
      const { bytesRead } = await file.read(start, 0, 1, 0);
      if (!looksLikeInventory(start.subarray(0, bytesRead))) return null;
      // One byte more than is allowed tells.
      const bytes = Buffer.alloc(Math.min((await file.stat()).size, INVENTORY_LIMITS.bytes + 1));
      const { bytesRead: filled } = await file.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new BundleUnreadableError({ file: path, member: null }, `cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
