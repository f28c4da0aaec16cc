import { Injectable } from '@nestjs/common';

import { type FillingContent, HashWorkers } from '../../platform/hashing/hash-workers.js';
import { LoggerFactory, type Logger } from '../../platform/logging/logger.js';
import { BlobRepository } from './blob.repository.js';
import { BlobStorage, type OpenFile } from './blob-storage.js';

export type Proof =
  | { readonly state: 'sound'; readonly stamp: string }
  | { readonly state: 'damaged'; readonly stamp: string; readonly reason: string }
  | { readonly state: 'missing' };

/** Reads blobs in full and records whether they still are what their digest says. */
@Injectable()
export class BlobProver {
  private readonly running = new Map<string, Promise<Proof>>();
  private readonly log: Logger;

  constructor(
    private readonly storage: BlobStorage,
    private readonly repository: BlobRepository,
    private readonly workers: HashWorkers,
    loggers: LoggerFactory,
  ) {
    this.log = loggers.named('blobs');
  }

  /** Records what it finds. Whoever asks for a blob that is being read already gets that reading's result. */
  prove(sha3_384Hex: string, sizeBytes: number): Promise<Proof> {
    const running = this.running.get(sha3_384Hex);
    if (running !== undefined) return running;
    const proof = this.proveNow(sha3_384Hex, sizeBytes).finally(() => this.running.delete(sha3_384Hex));
    this.running.set(sha3_384Hex, proof);
    return proof;
  }

  /** Finds out and records nothing. */
  async check(sha3_384Hex: string, sizeBytes: number, signal?: AbortSignal): Promise<Proof> {
    const file = await this.storage.open(sha3_384Hex);
    if (file === null) return { state: 'missing' };
    try {
      const content = await this.workers.hash(contentOf(file), { signal });
      const { stamp } = file;
      if (content.sizeBytes !== sizeBytes)
        return { state: 'damaged', stamp, reason: `it has ${content.sizeBytes} bytes instead of ${sizeBytes}` };
      if (content.sha3_384.hex !== sha3_384Hex)
        return { state: 'damaged', stamp, reason: `its content has the digest ${content.sha3_384.hex}` };
      return { state: 'sound', stamp };
    } finally {
      await file.close();
    }
  }

  private async proveNow(sha3_384Hex: string, sizeBytes: number): Promise<Proof> {
    const proof = await this.check(sha3_384Hex, sizeBytes);
    await this.record(sha3_384Hex, proof);
    return proof;
  }

  async record(sha3_384Hex: string, proof: Proof): Promise<void> {
    if (proof.state === 'missing') return;
    await this.repository.markVerified(sha3_384Hex, proof.state, proof.stamp);
    if (proof.state === 'damaged')
      this.log.error({ blob: sha3_384Hex, reason: proof.reason }, 'a blob is damaged and will not be served');
  }
}

function contentOf(file: OpenFile): FillingContent {
  let position = 0;
  return {
    fill: async (memory) => {
      const count = await file.readInto(memory, position);
      position += count;
      return count;
    },
  };
}
