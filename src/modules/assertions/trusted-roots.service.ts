import { Injectable } from '@nestjs/common';

import type { TrustedRoots } from '../../formats/assertion/index.js';
import { Settings } from '../../platform/config/settings.js';
import { readTrustedRoots } from './assertion-files.js';

const SETTING = 'proxy.trust.extra-roots';

/** The roots of trust of this store: Canonical's, and those in the files that `proxy.trust.extra-roots` names. */
@Injectable()
export class TrustedRootsService {
  private read: { readonly files: string; readonly roots: Promise<TrustedRoots> } | null = null;

  constructor(private readonly settings: Settings) {}

  /**
   * Files are read when they are first needed, and again when the setting changes.
   * @throws AssertionFileError, AssertionRefusedError as long as a file is not what it must be
   */
  current(): Promise<TrustedRoots> {
    const files = this.settings.list(SETTING);
    const key = files.join(',');
    if (this.read?.files !== key) {
      const roots = readTrustedRoots(files);
      this.read = { files: key, roots };
      roots.catch(() => {
        this.read = null;
      });
    }
    return this.read.roots;
  }
}
