import { connect, type Socket } from 'node:net';

/** A request as it goes out, byte for byte: no client library in between puts right what is wrong with it. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface WireAnswer {
  readonly status: number;
  /** By lower case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** The other side closed the connection without a word. */
export const CLOSED = 'closed';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** What goes over the connection for a request: a length is added, and that the connection stays open. */
export function encodeRequest({ method, path, headers, body }: WireRequest): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (body.length > 0 || method === 'POST') lines.push(`content-length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** A connection that is kept for as long as the other side keeps it; one request at a time. */
export class Wire {
  private socket: Socket | null = null;

  constructor(private readonly port: number) {}

  /**
   * Sends bytes and reads one answer.
   * @param isLast says that nothing follows, so that an unfinished request has to be answered or dropped at once
   * @throws Error where neither an answer nor the end of the connection comes in time
   */
  ask(
    bytes: Buffer,
    {
      method,
      deadlineMs,
      isLast = false,
    }: { readonly method: string; readonly deadlineMs: number; readonly isLast?: boolean },
  ): Promise<WireAnswer | typeof CLOSED> {
    const socket = (this.socket ??= connect(this.port, '127.0.0.1').setNoDelay(true));
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      const leave = (outcome: WireAnswer | typeof CLOSED | Error, isOpen: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners();
        socket.on('error', () => undefined);
        if (!isOpen) {
          socket.destroy();
          this.socket = null;
        }
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const timer = setTimeout(() => {
        leave(new Error(`no answer within ${deadlineMs} ms`), false);
      }, deadlineMs);
      const atEnd = (): void => {
        leave(readAnswer(received, method, true) ?? CLOSED, false);
      };
      socket.on('data', (piece: Buffer) => {
        received = received.length === 0 ? piece : Buffer.concat([received, piece]);
        const answer = readAnswer(received, method, false);
        if (answer !== null) leave(answer, !isLast && answer.headers.get('connection') !== 'close');
      });
      socket.on('error', atEnd);
      socket.on('close', atEnd);
      socket.on('end', atEnd);
      if (isLast) socket.end(bytes);
      else socket.write(bytes);
    });
  }

  close(): void {
    this.socket?.destroy();
    this.socket = null;
  }
}

/** Null while it is not whole. @param isOver nothing more comes: what has no length is whole */
function readAnswer(bytes: Buffer, method: string, isOver: boolean): WireAnswer | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 ([0-9]{3}) /.exec(statusLine)?.[1] ?? Number.NaN);
  const rest = bytes.subarray(headEnd + HEAD_END.length);
  if (status >= 100 && status < 200) return readAnswer(rest, method, isOver);
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const answer = (body: Buffer): WireAnswer => ({ status, headers, body });
  if (method === 'HEAD' || status === 204 || status === 304) return answer(Buffer.alloc(0));
  const length = headers.get('content-length');
  if (length !== undefined) {
    return rest.length < Number(length) ? null : answer(rest.subarray(0, Number(length)));
  }
  if (headers.get('transfer-encoding') === 'chunked') return rest.includes(LAST_CHUNK) ? answer(rest) : null;
  return isOver ? answer(rest) : null;
}
