const MAX_TEXTS = 1_000;
const MAX_LENGTH = 1_000;

/**
 * One text for all that are equal, as long as they are few: then what keeps many of them keeps them once, close at hand. Texts that come
 * from outside cannot fill it for long: when it is full it begins anew.
 */
export class SharedTexts {
  private readonly texts = new Map<string, string>();

  of(text: string): string {
    const shared = this.texts.get(text);
    if (shared !== undefined) return shared;
    if (text.length > MAX_LENGTH) return text;
    if (this.texts.size >= MAX_TEXTS) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}
