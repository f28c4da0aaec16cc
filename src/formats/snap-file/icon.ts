export type IconMediaType = 'image/png' | 'image/svg+xml' | 'image/jpeg' | 'image/gif' | 'image/webp';

const SIGNATURES: readonly (readonly [IconMediaType, RegExp])[] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
  ['image/svg+xml', /^(?:\xef\xbb\xbf)?\s*<(?:svg\b|(?:\?xml|!--|!DOCTYPE)[^]*<svg\b)/i],
];
const LOOKED_AT = 4096;

/** What the bytes are, whatever the file is called; null where they are no image that a software centre shows. */
export function iconMediaType(bytes: Buffer): IconMediaType | null {
  const start = bytes.subarray(0, LOOKED_AT).toString('latin1');
  return SIGNATURES.find(([, signature]) => signature.test(start))?.[0] ?? null;
}
