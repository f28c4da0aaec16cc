import { rm } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';

import { messageOf } from '../../kernel/store-error.js';
import { DataDirectory } from '../config/data-directory.js';
import { Transaction } from '../database/transaction.js';
import { sealKeySource, type SealKeySource, storedPassphraseKeyId } from './seal-key.js';
import { parseSealedText } from './sealed-text.js';
import { SealedTextRepository } from './sealed-text.repository.js';
import { Sealing, sealUnder } from './sealing.js';

/** A room that keeps sealed texts elsewhere than in the database. */
export interface SealedHolder {
  /** Hands over each sealed text, and keeps what comes back in its place; nothing is written where nothing changes. */
  reseal(change: (text: string) => Promise<string>): Promise<void>;
}

export interface SealedFindings {
  readonly total: number;
  /** Those that do not open, and why. */
  readonly broken: readonly { readonly purpose: string; readonly reason: string }[];
}

/** Knows all that is sealed in this store, and moves it from one sealing key to another. */
@Injectable()
export class Resealing {
  private readonly holders: SealedHolder[] = [];

  constructor(
    private readonly texts: SealedTextRepository,
    private readonly sealing: Sealing,
    private readonly transaction: Transaction,
    private readonly dataDirectory: DataDirectory,
  ) {}

  addHolder(holder: SealedHolder): void {
    this.holders.push(holder);
  }

  /** Opens everything, and keeps nothing of it. */
  async examine(): Promise<SealedFindings> {
    const texts = await this.everything();
    const broken: { purpose: string; reason: string }[] = [];
    for (const text of texts) {
      const purpose = purposeOf(text);
      try {
        (await this.sealing.unseal(text, purpose)).fill(0);
      } catch (error) {
        broken.push({ purpose, reason: messageOf(error) });
      }
    }
    return { total: texts.length, broken };
  }

  /**
   * Seals everything under the key of another source, for when `proxy.seal.source` is about to say so: all or nothing of what
   * the database holds, then what is elsewhere. Stopped halfway, it goes on where it was when it is called again.
   * @param setting as `proxy.seal.source` takes it
   * @returns how many were sealed anew
   * @throws SealBrokenError where one does not open, SealKeyUnusableError, WrongPassphraseError; nothing has changed then
   */
  async moveTo(setting: string): Promise<number> {
    const source = sealKeySource(setting, this.dataDirectory.path);
    await this.forgetUnusedSalt(source);
    const key = await source.obtain();
    let moved = 0;
    const reseal = async (text: string): Promise<string> => {
      if (parseSealedText(text)?.keyId === key.id) return text;
      const purpose = purposeOf(text);
      const plain = await this.sealing.unseal(text, purpose);
      moved += 1;
      try {
        return sealUnder(key, plain, purpose);
      } finally {
        plain.fill(0);
      }
    };
    await this.transaction.run(async () => {
      for (const stored of await this.texts.allForUpdate()) {
        const text = await reseal(stored.text);
        if (text !== stored.text) await this.texts.replace(stored, text);
      }
    });
    for (const holder of this.holders) await holder.reseal(reseal);
    return moved;
  }

  /** Whoever returns to a passphrase may choose a new one, unless something still needs the old. */
  private async forgetUnusedSalt({ file }: SealKeySource): Promise<void> {
    if (file === null || file === this.sealing.source().file) return;
    const keyId = await storedPassphraseKeyId(file);
    if (keyId === null) return;
    const needed = (await this.everything()).some((text) => parseSealedText(text)?.keyId === keyId);
    if (!needed) await rm(file, { force: true });
  }

  private async everything(): Promise<string[]> {
    const texts = (await this.texts.all()).map(({ text }) => text);
    for (const holder of this.holders) {
      await holder.reseal((text) => {
        texts.push(text);
        return Promise.resolve(text);
      });
    }
    return texts;
  }
}

/** As it says itself; a text that only looks like one fails to open under any purpose. */
function purposeOf(text: string): string {
  return parseSealedText(text)?.purpose ?? text.slice(0, 'sealed-v1:'.length + 8);
}
