import { Injectable } from '@nestjs/common';

import { MANIFEST_PATH, type BundleManifest } from '../../formats/bundle/index.js';
import { BlobReader } from '../blobs/index.js';
import { CatalogWriter } from '../catalog/index.js';
import { AssumptionMissingError } from './import.errors.js';
import { ImportRepository } from './ledger/import.repository.js';

/** What the store has already of what a manifest speaks of. */
@Injectable()
export class HeldContent {
  constructor(
    private readonly catalog: CatalogWriter,
    private readonly blobs: BlobReader,
    private readonly ledger: ImportRepository,
  ) {}

  /** Whether this very bundle was imported before and all that it carries is still there, in sound files. */
  async holdsAllOf(manifest: BundleManifest): Promise<boolean> {
    if ((await this.ledger.doneOf(manifest.id)) === null) return false;
    for (const { snapId, revisions } of manifest.snaps) {
      for (const { revision, digest } of revisions) {
        if ((await this.catalog.heldDigest(snapId, revision)) !== digest.hex) return false;
        if ((await this.blobs.find(digest.hex)) === null) return false;
      }
    }
    for (const { digest } of manifest.media) if ((await this.blobs.find(digest.hex)) === null) return false;
    return true;
  }

  /** @throws AssumptionMissingError naming what an incremental bundle leaves out and is not here */
  async checkAssumptions({ assumes }: BundleManifest, file: string): Promise<void> {
    const missing: string[] = [];
    for (const { snapId, name, revision, digest } of assumes.revisions) {
      const held = await this.catalog.heldDigest(snapId, revision);
      if (held === null) missing.push(`revision ${revision} of ${name}`);
      else if (held !== digest.hex) missing.push(`revision ${revision} of ${name} in another file than the one held`);
    }
    for (const { name, revision } of assumes.components) missing.push(`revision ${revision} of the component ${name}`);
    for (const digest of assumes.media)
      if ((await this.blobs.find(digest.hex)) === null) missing.push(`the picture ${digest.hex}`);
    if (missing.length > 0) throw new AssumptionMissingError({ file, member: MANIFEST_PATH }, missing);
  }
}
