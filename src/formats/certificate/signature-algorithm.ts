const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;

/**
 * The object identifier of the algorithm that a certificate is signed with, in dots: the second part of the outermost
 * sequence (RFC 5280 §4.1). Null where the bytes are no certificate.
 */
export function signatureAlgorithm(der: Buffer): string | null {
  const certificate = readValue(der, SEQUENCE);
  const afterBody = certificate && skipValue(certificate);
  const algorithm = afterBody && readValue(afterBody, SEQUENCE);
  const identifier = algorithm && readValue(algorithm, OBJECT_IDENTIFIER);
  return identifier && dotted(identifier);
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

function extentOf(der: Buffer): Extent | null {
  const first = der[1];
  if (first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || der.length < 2 + lengthBytes) return null;
  const length = lengthBytes === 0 ? first : der.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  return start + length > der.length ? null : { start, end: start + length };
}

function readValue(der: Buffer, tag: number): Buffer | null {
  const extent = der[0] === tag ? extentOf(der) : null;
  return extent && der.subarray(extent.start, extent.end);
}

function skipValue(der: Buffer): Buffer | null {
  const extent = extentOf(der);
  return extent && der.subarray(extent.end);
}

function dotted(bytes: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of bytes) {
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    }
  }
  const [first = 0, ...others] = numbers;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...others].join('.');
}
