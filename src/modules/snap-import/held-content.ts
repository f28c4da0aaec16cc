import { Injectable } from '@nestjs/common';

import { MANIFEST_PATH, type BundleManifest } from '../../formats/bundle/index.js';
import type { Sha3_384 } from '../../kernel/digest.js';
import { BlobReader } from '../blobs/index.js';
import { CatalogWriter, ComponentWriter } from '../catalog/index.js';
import { AssumptionMissingError } from './import.errors.js';
import { ImportRepository } from './ledger/import.repository.js';

/** What the store has already of what a manifest speaks of. */
@Injectable()
export class HeldContent {
  constructor(
    private readonly catalog: CatalogWriter,
    private readonly components: ComponentWriter,
    private readonly blobs: BlobReader,
    private readonly ledger: ImportRepository,
  ) {}

  /**
   * Whether this very bundle was imported before, to the channels that it was fetched from, and all that it carries is still
   * there, in sound files.
   */
  async holdsAllOf(manifest: BundleManifest): Promise<boolean> {
    if ((await this.ledger.doneOf(manifest.id, 'fetched')) === null) return false;
    for (const { snapId, revisions, components } of manifest.snaps) {
      for (const { revision, digest } of revisions) {
        if ((await this.catalog.heldDigest(snapId, revision)) !== digest.hex) return false;
        if ((await this.blobs.find(digest.hex)) === null) return false;
      }
      for (const { name, revision, digest } of components) {
        if ((await this.components.heldDigest(snapId, name, revision)) !== digest.hex) return false;
        if ((await this.blobs.find(digest.hex)) === null) return false;
      }
    }
    for (const { digest } of manifest.media) if ((await this.blobs.find(digest.hex)) === null) return false;
    return true;
  }

  /** @throws AssumptionMissingError naming what an incremental bundle leaves out and is not here */
  async checkAssumptions({ assumes, snaps }: BundleManifest, file: string): Promise<void> {
    const missing: string[] = [];
    const look = (what: string, held: string | null, digest: Sha3_384): void => {
      if (held === null) missing.push(what);
      else if (held !== digest.hex) missing.push(`${what} in another file than the one held`);
    };
    for (const { snapId, name, revision, digest } of assumes.revisions)
      look(`revision ${revision} of ${name}`, await this.catalog.heldDigest(snapId, revision), digest);
    const names = new Map([...assumes.revisions, ...snaps].map(({ snapId, name }) => [snapId, name]));
    for (const { snapId, name, revision, digest } of assumes.components) {
      const component = `${names.get(snapId) ?? snapId}+${name}`;
      look(`revision ${revision} of ${component}`, await this.components.heldDigest(snapId, name, revision), digest);
    }
    for (const digest of assumes.media)
      if ((await this.blobs.find(digest.hex)) === null) missing.push(`the picture ${digest.hex}`);
    if (missing.length > 0) throw new AssumptionMissingError({ file, member: MANIFEST_PATH }, missing);
  }
}
