import { MAX_YAML_BYTES } from '../../../formats/snap-yaml/index.js';
import {
  INSPECTION_LIMITS,
  type RandomAccess,
  SquashfsError,
  SquashfsReader,
} from '../../../formats/squashfs/index.js';
import type { OnlineStore, StoreDownload, StoreRequestOptions } from '../../upstream/index.js';

const BLOCK_BYTES = 128 * 1024;
/** A snap's snap.yaml is in reach of its tables; who needs more than this to get there leads us on. */
const MAX_BLOCKS = 64;

/**
 * Reads `meta/snap.yaml` out of a snap in the store, without the rest of it. Null where the store does not send parts of files, or
 * where the file is not to be read; what is wrong with it will show when it is fetched.
 * @throws what the store throws
 */
export async function readRemoteSnapYaml(
  store: OnlineStore,
  download: StoreDownload,
  options: StoreRequestOptions,
): Promise<string | null> {
  try {
    const reader = await SquashfsReader.open(new RemoteFile(store, download, options), INSPECTION_LIMITS);
    return (await reader.readFile('meta/snap.yaml', MAX_YAML_BYTES)).toString('utf8');
  } catch (error) {
    if (error instanceof SquashfsError) return null;
    throw error;
  }
}

/** A file in the store, in blocks as they are needed. */
class RemoteFile implements RandomAccess {
  private readonly blocks = new Map<number, Buffer>();

  constructor(
    private readonly store: OnlineStore,
    private readonly file: StoreDownload,
    private readonly options: StoreRequestOptions,
  ) {}

  get sizeBytes(): number {
    return this.file.size;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let at = position; at < position + length;) {
      const number = Math.floor(at / BLOCK_BYTES);
      const block = this.blocks.get(number) ?? (await this.fetch(number));
      const start = at - number * BLOCK_BYTES;
      const part = block.subarray(start, start + position + length - at);
      if (part.length === 0) throw new SquashfsError(`the snap file ends before the byte ${at}`, { position: at });
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts);
  }

  private async fetch(number: number): Promise<Buffer> {
    if (this.blocks.size === MAX_BLOCKS) throw new SquashfsError('the snap file has its snap.yaml all over it', {});
    const from = number * BLOCK_BYTES;
    const transfer = await this.store.download(this.file.url, from, this.options);
    const chunks: Uint8Array[] = [];
    let size = 0;
    // Left early, it is ended: the rest of the file is not received.
    for await (const chunk of transfer.bytes) {
      if (transfer.from !== from) throw new SquashfsError('the store sends whole files only', {});
      chunks.push(chunk);
      size += chunk.length;
      if (size >= BLOCK_BYTES) break;
    }
    const block = Buffer.concat(chunks).subarray(0, BLOCK_BYTES);
    this.blocks.set(number, block);
    return block;
  }
}
