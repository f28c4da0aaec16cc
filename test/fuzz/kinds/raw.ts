import fc from 'fast-check';

import { damaged, oddText } from '../hostile.js';

const BODY = '{"context":[],"actions":[{"action":"install","instance-key":"install-1","name":"jq","epoch":null}]}';

const lines = (...parts: readonly string[]): Buffer => Buffer.from(parts.join('\r\n'), 'latin1');

const SOUND: readonly Buffer[] = [
  lines('GET /v2/snaps/info/jq HTTP/1.1', 'Host: a', '', ''),
  lines('GET / HTTP/1.0', '', ''),
  lines(
    'POST /v2/snaps/refresh HTTP/1.1',
    'Host: a',
    'Snap-Device-Architecture: amd64',
    `Content-Length: ${BODY.length}`,
    '',
    BODY,
  ),
  lines(
    'POST /v2/snaps/refresh HTTP/1.1',
    'Host: a',
    'Snap-Device-Architecture: amd64',
    'Transfer-Encoding: chunked',
    '',
    BODY.length.toString(16),
    BODY,
    '0',
    '',
    '',
  ),
  lines(
    'POST /v2/snaps/refresh HTTP/1.1',
    'Host: a',
    'Expect: 100-continue',
    `Content-Length: ${BODY.length}`,
    '',
    BODY,
  ),
  lines(
    'POST /v2/snaps/refresh HTTP/1.1',
    'Host: a',
    'Content-Encoding: gzip',
    `Content-Length: ${BODY.length}`,
    '',
    BODY,
  ),
  lines(
    'POST /v2/snaps/refresh HTTP/1.1',
    'Host: a',
    `Content-Length: ${BODY.length}`,
    'Transfer-Encoding: chunked',
    '',
    BODY,
  ),
  lines('POST /v2/snaps/refresh HTTP/1.1', 'Host: a', 'Content-Length: 99999999999', '', BODY),
  lines('POST /v2/snaps/refresh HTTP/1.1', 'Host: a', 'Content-Length: 4000000', '', BODY),
  lines('GET /v2/snaps/info/jq HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', ''),
  lines('CONNECT other:443 HTTP/1.1', 'Host: a', '', ''),
  lines('GET /v2/snaps/info/jq HTTP/1.1', 'Host: a', `X: ${'x'.repeat(20_000)}`, '', ''),
  lines(
    'GET /v2/snaps/info/jq HTTP/1.1',
    'Host: a',
    ...Array.from({ length: 2_500 }, (_, index) => `X${index}: y`),
    '',
    '',
  ),
  lines('GET /v2/snaps/info/jq HTTP/1.1', 'Host: a', '', 'GET /v2/snaps/info/jq HTTP/1.1', 'Host: a', '', ''),
];

/** Whole connections, byte for byte, ended by whoever asks: not every one of them is HTTP. */
export const rawConnections: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 8, arbitrary: damaged(fc.constantFrom(...SOUND), [1, 3]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(oddText, oddText, oddText)
      .map(([path, name, value]) => Buffer.from(`GET /${path} HTTP/1.1\r\nHost: a\r\n${name}: ${value}\r\n\r\n`)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
);
