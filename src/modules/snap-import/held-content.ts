import { Injectable } from '@nestjs/common';

import { MANIFEST_PATH, type BundleManifest } from '../../formats/bundle/index.js';
import { BlobReader } from '../blobs/index.js';
import { CatalogWriter } from '../catalog/index.js';
import { AssumptionMissingError } from './import.errors.js';
import { ImportRepository } from './import.repository.js';

/** What the store has already of what a manifest speaks of. */
@Injectable()
export class HeldContent {
  constructor(
    private readonly catalog: CatalogWriter,
    private readonly blobs: BlobReader,
    private readonly ledger: ImportRepository,
  ) {}

  /** Whether this very bundle was imported before and all its revisions are still there, in sound files. */
  async holdsAllOf(manifest: BundleManifest): Promise<boolean> {
    if ((await this.ledger.doneOf(manifest.id)) === null) return false;
    for (const { snapId, revisions } of manifest.snaps) {
      for (const { revision, digest } of revisions) {
        if ((await this.catalog.heldDigest(snapId, revision)) !== digest.hex) return false;
        if ((await this.blobs.find(digest.hex)) === null) return false;
      }
    }
    return true;
  }

  /** @throws AssumptionMissingError naming the first revision that an incremental bundle leaves out and is not here */
  async checkAssumptions(manifest: BundleManifest, file: string): Promise<void> {
    const place = { file, member: MANIFEST_PATH };
    for (const { snapId, name, revision, digest } of manifest.assumes.revisions) {
      const held = await this.catalog.heldDigest(snapId, revision);
      if (held === digest.hex) continue;
      const found = held === null ? 'and this store does not' : 'and this store has another file under this number';
      throw new AssumptionMissingError(place, `counts on revision ${revision} of ${name} being held, ${found}`, {
        details: { name, revision },
      });
    }
    const [component] = manifest.assumes.components;
    if (component !== undefined) {
      const { name, revision } = component;
      throw new AssumptionMissingError(place, `counts on revision ${revision} of the component ${name} being held`, {
        details: { name, revision },
      });
    }
  }
}
