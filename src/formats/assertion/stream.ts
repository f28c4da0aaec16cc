import type { Assertion } from './assertion.js';
import { malformed } from './assertion.errors.js';
import { assembleAssertion, checkBodyLength } from './decode.js';
import { parseHeaders } from './headers.js';
import { MAX_HEADERS_BYTES, MAX_SIGNATURE_BYTES } from './limits.js';

const BLANK_LINE = Buffer.from('\n\n');
const LINE_END = Buffer.from('\n');
const FIRST_LOOK_BYTES = 4096;

/**
 * Reads a stream of assertions, parted by one blank line each, as snapd's Decoder does (asserts/asserts.go). Holds one assertion and one
 * chunk of the source at a time; how many assertions are too many is for the caller to say.
 * @throws AssertionRefusedError, stage `decode`, at the first that does not parse; also what the source throws
 */
export async function* readAssertionStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Assertion, void> {
  const reader = new StreamReader(source);
  try {
    for (;;) {
      const assertion = await readOne(reader);
      if (assertion === null) return;
      yield assertion;
    }
  } finally {
    await reader.close();
  }
}

/** A stream that is already in memory, such as a small file's bytes. @throws AssertionRefusedError, stage `decode` */
export async function decodeAssertionStream(bytes: Uint8Array): Promise<Assertion[]> {
  const assertions: Assertion[] = [];
  for await (const assertion of readAssertionStream(once(bytes))) assertions.push(assertion);
  return assertions;
}

/** Writes assertions as a stream, each byte for byte as it came; give prerequisites first, as `snap download` does. */
export function encodeAssertionStream(assertions: Iterable<Assertion>): Buffer {
  const parts: Buffer[] = [];
  for (const assertion of assertions) {
    if (parts.length > 0) parts.push(LINE_END);
    parts.push(assertion.encoded);
    if (assertion.signature.at(-1) !== LINE_END[0]) parts.push(LINE_END);
  }
  return Buffer.concat(parts);
}

async function readOne(reader: StreamReader): Promise<Assertion | null> {
  const head = await reader.readThrough(BLANK_LINE, MAX_HEADERS_BYTES, 'headers');
  if (!head.found) {
    if (head.bytes.length === 0) return null;
    throw malformed('truncated', 'the stream ends inside of headers');
  }
  const headBytes = head.bytes.length - BLANK_LINE.length;
  const headers = parseHeaders(head.bytes.subarray(0, headBytes));
  const length = checkBodyLength(headers);
  const body = length > 0 ? await reader.readExactly(length) : Buffer.alloc(0);
  const trailer = await reader.readThrough(BLANK_LINE, MAX_SIGNATURE_BYTES, 'signature');
  const content = Buffer.concat([head.bytes, body]);
  const ownBody = content.subarray(head.bytes.length);
  if (trailer.bytes.equals(BLANK_LINE)) {
    const signature = await reader.readThrough(BLANK_LINE, MAX_SIGNATURE_BYTES, 'signature');
    return assembleAssertion(headers, ownBody, content, signatureOf(signature.bytes));
  }
  if (length > 0) throw malformed('separator', 'no blank line parts body and signature');
  return assembleAssertion(headers, ownBody, content.subarray(0, headBytes), signatureOf(trailer.bytes));
}

/**
 * Without the line that parts it from the next assertion, and without line ends before it: snapd reads those in a stream, but the
 * same bytes would not be an assertion by themselves. A copy, so that it does not keep the read buffer.
 */
function signatureOf(bytes: Buffer): Buffer {
  let start = 0;
  while (bytes[start] === LINE_END[0]) start += 1;
  const end = bytes.subarray(-BLANK_LINE.length).equals(BLANK_LINE) ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.subarray(start < end ? start : 0, end));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

interface Found {
  readonly bytes: Buffer;
  /** Whether the delimiter was there; if not, the bytes are all that was left. */
  readonly found: boolean;
}

/** Looks ahead in a stream, in steps that double, so that a source of tiny chunks costs no more than one of large ones. */
class StreamReader {
  private readonly source: AsyncIterator<Uint8Array>;
  private buffered = Buffer.alloc(0);
  private hasEnded = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  async readExactly(length: number): Promise<Buffer> {
    await this.fill(length);
    if (this.buffered.length < length) throw malformed('truncated', 'the stream ends inside of a body');
    return this.take(length);
  }

  /** Everything up to and including the delimiter. */
  async readThrough(delimiter: Buffer, maxBytes: number, what: string): Promise<Found> {
    let searched = 0;
    for (let size = FIRST_LOOK_BYTES; size <= maxBytes; size *= 2) {
      await this.fill(size);
      const look = this.buffered.subarray(0, size);
      const at = look.indexOf(delimiter, searched);
      if (at !== -1) return { bytes: this.take(at + delimiter.length), found: true };
      if (this.hasEnded && this.buffered.length <= size) return { bytes: this.take(look.length), found: false };
      searched = Math.max(0, look.length - delimiter.length + 1);
    }
    throw malformed('too-large', `there are ${what} of more than ${maxBytes} bytes`);
  }

  async close(): Promise<void> {
    this.buffered = Buffer.alloc(0);
    if (!this.hasEnded) await this.source.return?.();
  }

  private take(length: number): Buffer {
    const taken = this.buffered.subarray(0, length);
    this.buffered = this.buffered.subarray(length);
    return taken;
  }

  private async fill(length: number): Promise<void> {
    const chunks: Uint8Array[] = [this.buffered];
    let size = this.buffered.length;
    while (size < length && !this.hasEnded) {
      const next = await this.source.next();
      if (next.done === true) {
        this.hasEnded = true;
      } else {
        chunks.push(next.value);
        size += next.value.length;
      }
    }
    if (chunks.length > 1) this.buffered = Buffer.concat(chunks);
  }
}
