import {
  MANIFEST_PATH,
  type BundleMediaType,
  type BundleMediaUse,
  type BundlePlace,
  type BundleSnapMetadata,
} from '../../formats/bundle/index.js';
import { iconMediaType } from '../../formats/snap-file/index.js';
import type { BlobReader, OpenFile, ReceivedBlob } from '../blobs/index.js';
import type { SnapMedia } from '../catalog/index.js';
import type { CheckedFiles, ImportedMedia } from './import-report.js';
import { PictureRefusedError } from './import.errors.js';

/** As much as tells what kind of picture it is. */
const LOOKED_AT = 4096;

interface Picture {
  readonly contentType: BundleMediaType;
  readonly sizeBytes: number;
}

/** The pictures of one import. What they are is told by their bytes: a store must not serve a page as a picture. */
export class CarriedPictures {
  private readonly received = new Map<string, Picture & { readonly wasHeld: boolean }>();

  constructor(
    private readonly file: string,
    private readonly blobs: Pick<BlobReader, 'find'>,
  ) {}

  /** @throws PictureRefusedError */
  async add(place: BundlePlace, blob: ReceivedBlob): Promise<void> {
    const { sizeBytes, wasHeld } = blob;
    const contentType = typeOf(place, await startOf(blob));
    this.received.set(blob.sha3_384.hex, { contentType, sizeBytes, wasHeld });
  }

  get checked(): CheckedFiles {
    const sizes = [...this.received.values()].map(({ sizeBytes }) => sizeBytes);
    return { count: sizes.length, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  get outcomes(): ImportedMedia[] {
    return [...this.received].map(([sha3_384, { contentType, sizeBytes, wasHeld }]) => {
      return { sha3_384, contentType, sizeBytes, outcome: wasHeld ? 'unchanged' : 'added' };
    });
  }

  /**
   * How a snap uses pictures, in the shape that the catalog keeps; asked for in the transaction that makes the import visible.
   * @throws PictureRefusedError where one that is not carried is not held either, or is no picture
   */
  async uses({ media }: BundleSnapMetadata): Promise<SnapMedia[]> {
    const uses: SnapMedia[] = [];
    for (const use of media) {
      const { contentType, sizeBytes } = this.received.get(use.digest.hex) ?? (await this.held(use));
      const { type, width, height } = use;
      uses.push({ type, 'sha3-384': use.digest.hex, 'content-type': contentType, size: sizeBytes, width, height });
    }
    return uses;
  }

  private async held({ type, digest }: BundleMediaUse): Promise<Picture> {
    const place = { file: this.file, member: MANIFEST_PATH };
    const blob = await this.blobs.find(digest.hex);
    if (blob === null)
      throw new PictureRefusedError(place, `has a ${type} ${digest.hex} that this store does not hold`);
    return { contentType: typeOf(place, await startOf(blob), digest.hex), sizeBytes: blob.sizeBytes };
  }
}

function typeOf(place: BundlePlace, start: Buffer, name?: string): BundleMediaType {
  const type = iconMediaType(start);
  if (type !== null) return type;
  throw new PictureRefusedError(
    place,
    `${name === undefined ? '' : `names ${name}, which `}is no picture that can be shown`,
  );
}

async function startOf(blob: { open(): Promise<OpenFile> }): Promise<Buffer> {
  const file = await blob.open();
  try {
    return await file.read(0, Math.min(file.sizeBytes, LOOKED_AT));
  } finally {
    await file.close();
  }
}
