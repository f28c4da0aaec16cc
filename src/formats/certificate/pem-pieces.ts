import { CertificateRefusedError } from './certificate.errors.js';

/** One `-----BEGIN …-----` to `-----END …-----` (RFC 7468). */
export interface PemPiece {
  readonly label: string;
  readonly der: Buffer;
  /** What to call it in a message: its place in the input, and what it says it is. */
  readonly name: string;
}

/** A chain with its key has a few kilobytes. */
const MAX_CHARACTERS = 256 * 1024;
const MAX_PIECES = 32;

const BOUNDARY = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]{0,39})-----$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Takes a text of PEM apart. What stands between the pieces is explanation, as OpenSSL writes it, and is passed over; files
 * that were joined without a line end between them are read all the same.
 * @throws CertificateRefusedError naming the piece that is no PEM
 */
export function readPemPieces(text: string): PemPiece[] {
  if (text.length > MAX_CHARACTERS) {
    throw new CertificateRefusedError(
      `the input is larger than ${MAX_CHARACTERS / 1024} KiB; a chain and its key are not`,
    );
  }
  const lines = text
    .replace(/(-----END [A-Z0-9 ]{1,40}-----)(?=-----BEGIN )/g, '$1\n')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const pieces: PemPiece[] = [];
  let open: { readonly label: string; readonly line: number; readonly body: string[] } | null = null;
  for (const [index, line] of lines.entries()) {
    const boundary = BOUNDARY.exec(line);
    if (boundary === null) {
      if (/^-----|-----$/.test(line)) throw new CertificateRefusedError(`line ${index + 1} is a damaged PEM boundary`);
      open?.body.push(line);
      continue;
    }
    const [, kind, label = ''] = boundary;
    if (kind === 'BEGIN') {
      if (open !== null) throw unfinished(open.label, open.line);
      if (pieces.length === MAX_PIECES)
        throw new CertificateRefusedError(`the input has more than ${MAX_PIECES} pieces`);
      open = { label, line: index + 1, body: [] };
    } else {
      if (open?.label !== label) {
        throw new CertificateRefusedError(`line ${index + 1} ends a ${label} that does not begin anywhere`);
      }
      const name = `piece ${pieces.length + 1} (${label}, line ${open.line})`;
      pieces.push({ label, der: decodeBody(open.body, name), name });
      open = null;
    }
  }
  if (open !== null) throw unfinished(open.label, open.line);
  return pieces;
}

export function toPem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

function decodeBody(lines: readonly string[], name: string): Buffer {
  if (lines.some((line) => /^Proc-Type: *4,ENCRYPTED/.test(line))) {
    throw new CertificateRefusedError(`${name} is protected by a passphrase; "openssl pkey" writes it without one`);
  }
  const body = lines.join('');
  if (body === '' || !BASE64.test(body))
    throw new CertificateRefusedError(`${name} is damaged: its content is not base64`);
  return Buffer.from(body, 'base64');
}

function unfinished(label: string, line: number): CertificateRefusedError {
  return new CertificateRefusedError(`the ${label} that begins in line ${line} does not end`);
}
