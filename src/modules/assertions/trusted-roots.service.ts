import { Injectable } from '@nestjs/common';

import type { TrustedRoots } from '../../formats/assertion/index.js';
import { Settings } from '../../platform/config/settings.js';
import { readTrustedRoots } from './assertion-files.js';

const EXTRA_ROOTS = 'proxy.trust.extra-roots';
const REPAIR_ROOTS = 'proxy.trust.repair-roots';

/**
 * The roots of trust of this store: Canonical's, and those in the files that `proxy.trust.extra-roots` and, for repairs,
 * `proxy.trust.repair-roots` name.
 */
@Injectable()
export class TrustedRootsService {
  private read: { readonly files: string; readonly roots: Promise<TrustedRoots> } | null = null;

  constructor(private readonly settings: Settings) {}

  /**
   * Files are read when they are first needed, and again when a setting changes.
   * @throws AssertionFileError, AssertionRefusedError as long as a file is not what it must be
   */
  current(): Promise<TrustedRoots> {
    const [extra, repair] = [this.settings.list(EXTRA_ROOTS), this.settings.list(REPAIR_ROOTS)];
    const key = `${extra.join(',')} ${repair.join(',')}`;
    if (this.read?.files !== key) {
      const roots = readTrustedRoots(extra, repair);
      this.read = { files: key, roots };
      roots.catch(() => {
        this.read = null;
      });
    }
    return this.read.roots;
  }
}
