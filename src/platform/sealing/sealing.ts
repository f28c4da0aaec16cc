import type { DataDirectory } from '../config/data-directory.js';
import type { Settings } from '../config/settings.js';
import { checkPurpose, decrypt, encrypt } from './cipher.js';
import { type SealKey, sealKeySource, type SealKeySource } from './seal-key.js';
import { parseSealedText, sealedText } from './sealed-text.js';
import type { SealedTextRepository } from './sealed-text.repository.js';
import { SealBrokenError, SealKeyUnusableError } from './sealing.errors.js';

/**
 * Keeps secrets at rest unreadable without this store's sealing key (AES-256-GCM). A sealed text is one line,
 * `sealed-v1:KEY-ID:PAYLOAD:PURPOSE`, and opens only for the purpose that it was made for: one secret cannot be put in the
 * place of another. Where the key is, `proxy.seal.source` says.
 */
export class Sealing {
  private held: { readonly setting: string; readonly key: SealKey } | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly dataDirectory: DataDirectory,
    /** Knows what is sealed already; without it a missing key is taken for the first use. */
    private readonly texts?: SealedTextRepository,
  ) {}

  /**
   * @param purpose what the secret is and whose: `key/ID`, or the setting that it is the value of
   * @throws SealKeyUnusableError, WrongPassphraseError
   */
  async seal(plain: Uint8Array, purpose: string): Promise<string> {
    return sealUnder(await this.key((source) => this.obtain(source)), plain, purpose);
  }

  /** @throws SealBrokenError, SealKeyUnusableError, WrongPassphraseError */
  async unseal(text: string, purpose: string): Promise<Buffer> {
    const parts = parseSealedText(text);
    if (parts === null) throw new SealBrokenError(`what is kept as ${purpose} is not a sealed text`, { purpose });
    const { keyId, payload } = parts;
    if (parts.purpose !== purpose) {
      throw new SealBrokenError(`what is kept as ${purpose} was sealed as ${parts.purpose}`, { purpose });
    }
    const key = await this.key((source) => source.read());
    const where = this.source().description;
    if (key?.id !== keyId) {
      const found = key === null ? 'there is none' : `key ${key.id} is there`;
      const message = `${purpose} is sealed under key ${keyId}, and in its place (${where}) ${found}`;
      throw new SealBrokenError(message, { purpose, sealedUnder: keyId, keyAtHand: key?.id ?? null });
    }
    const plain = decrypt(payload, key.bytes, contextOf(purpose));
    if (plain === null) throw new SealBrokenError(`the sealed text of ${purpose} is damaged`, { purpose });
    return plain;
  }

  /** Where the key in force is. */
  source(): SealKeySource {
    return sealKeySource(this.setting, this.dataDirectory.path);
  }

  /** A key that is gone is not made anew: what it has sealed would look damaged from then on. */
  private async obtain(source: SealKeySource): Promise<SealKey> {
    const held = await source.read();
    if (held !== null) return held;
    const sealedUnder = await this.texts?.someKeyId();
    if (sealedUnder === undefined || sealedUnder === null) return source.obtain();
    // Whoever was first may have made it, and sealed with it, since we looked.
    const made = await source.read();
    if (made !== null) return made;
    const message = `secrets of this store are sealed under key ${sealedUnder}, and ${source.file ?? source.description} is missing`;
    throw new SealKeyUnusableError(message, { sealedUnder, file: source.file });
  }

  private get setting(): string {
    return this.settings.get('proxy.seal.source') ?? 'file';
  }

  /** A key that was found is kept for as long as its setting is in force: a passphrase takes half a second each time. */
  private async key<T extends SealKey | null>(find: (source: SealKeySource) => Promise<T>): Promise<T | SealKey> {
    const { setting } = this;
    if (this.held?.setting === setting) return this.held.key;
    const key = await find(this.source());
    if (key !== null) this.held = { setting, key };
    return key;
  }
}

/** @throws TypeError for a purpose that does not fit on its line */
export function sealUnder(key: SealKey, plain: Uint8Array, purpose: string): string {
  checkPurpose(purpose);
  return sealedText({ keyId: key.id, payload: encrypt(plain, key.bytes, contextOf(purpose)), purpose });
}

function contextOf(purpose: string): string {
  return `sealed-v1:${purpose}`;
}
