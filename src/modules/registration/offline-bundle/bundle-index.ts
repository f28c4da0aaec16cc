import { canonicalJson } from '../../../formats/bundle/index.js';

export const MANIFEST_FILE = 'manifest.json';
/** As `sha256sum --check` reads it: what install.sh goes by. */
export const SUMS_FILE = 'SHA256SUMS';
/** Of the file above, so that damage to it is told from damage to the files that it names. */
export const SUMS_DIGEST_FILE = 'SHA256SUMS.sha256';

const FORMAT = 1;

/** What a bundle says of itself, for people and for inventories. */
export interface BundleFacts {
  readonly version: string;
  readonly channel: string;
  readonly architecture: string;
  readonly node: string;
  readonly postgresql: string;
  readonly url: string;
  /** Null: self-issued. */
  readonly storeId: string | null;
  readonly isSealed: boolean;
}

interface IndexedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly sha256Hex: string;
}

/** What is in a bundle: the digest, size and mode of each file. It detects damage; the digest of the whole detects tampering. */
export class BundleIndex {
  private readonly files: IndexedFile[] = [];

  add(file: IndexedFile): void {
    this.files.push(file);
  }

  /** All files so far. */
  manifest(facts: BundleFacts): string {
    return canonicalJson({
      format: FORMAT,
      product: 'snap-store-proxy',
      version: facts.version,
      channel: facts.channel,
      architecture: facts.architecture,
      node: facts.node,
      postgresql: facts.postgresql,
      url: facts.url,
      'store-id': facts.storeId,
      sealed: facts.isSealed,
      files: this.files.map(({ path, sizeBytes, mode, sha256Hex }) => ({
        path,
        size: sizeBytes,
        mode: mode.toString(8).padStart(4, '0'),
        sha256: sha256Hex,
      })),
    });
  }

  /** All files so far, the manifest among them. */
  sums(): string {
    return this.files.map(({ path, sha256Hex }) => `${sha256Hex}  ${path}\n`).join('');
  }
}
