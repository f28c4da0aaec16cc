/** What a sealed text says of itself in clear. */
export interface SealedText {
  /** Under which key it was sealed. */
  readonly keyId: string;
  /** Nonce, ciphertext and tag as base64url. */
  readonly payload: string;
  readonly purpose: string;
}

const FORM = /^sealed-v1:([\w-]{8}):([\w-]{38,}):([\w.:/@+-]{1,160})$/;

export function sealedText({ keyId, payload, purpose }: SealedText): string {
  return `sealed-v1:${keyId}:${payload}:${purpose}`;
}

/** Null where it is none. */
export function parseSealedText(text: string): SealedText | null {
  const [, keyId, payload, purpose] = FORM.exec(text) ?? [];
  return keyId === undefined || payload === undefined || purpose === undefined ? null : { keyId, payload, purpose };
}

/** Whether it has the form of what `Sealing.seal` makes. */
export function isSealed(text: string): boolean {
  return FORM.test(text);
}
