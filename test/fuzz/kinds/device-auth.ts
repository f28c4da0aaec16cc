import fc from 'fast-check';

import { damaged, headers, jsonBody, oddText } from '../hostile.js';
import type { WireRequest } from '../wire.js';
import type { Kind } from './kind.js';

const FOLDER = '/api/v1/snaps/auth';

interface LineChange {
  readonly where: number;
  readonly how: 'value' | 'remove' | 'double' | 'insert' | 'swap';
  readonly text: string;
}

const lineChange: fc.Arbitrary<LineChange> = fc.record({
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  how: fc.constantFrom('value', 'value', 'value', 'remove', 'double', 'insert', 'swap'),
  text: fc.oneof(
    oddText,
    fc.constantFrom(
      'type: account',
      'body-length: 9999999999',
      'body-length: -1',
      'revision: 01',
      'format: 99',
      '  - a',
      `${' '.repeat(400)}- a`,
      'nonce:',
      'timestamp: 2099-01-01T00:00:00Z',
    ),
  ),
});

/** An assertion that says something else than what was signed, or is none any more. */
function nearlyAssertion(sound: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const changed = fc.tuple(sound, fc.array(lineChange, { minLength: 1, maxLength: 3 })).map(([text, changes]) =>
    changes
      .reduce((lines, { where, how, text: other }) => {
        const at = Math.floor(where * lines.length);
        const line = lines[at] ?? '';
        if (how === 'value') return lines.with(at, line.replace(/(: ).*/, `$1${other}`));
        if (how === 'remove') return lines.toSpliced(at, 1);
        if (how === 'double') return lines.toSpliced(at, 0, line);
        if (how === 'insert') return lines.toSpliced(at, 0, other);
        return lines.toSpliced(at, 1).concat(line);
      }, text.split('\n'))
      .join('\n'),
  );
  return fc.oneof({ weight: 1, arbitrary: sound }, { weight: 3, arbitrary: changed });
}

const credentials = {
  'X-Device-Authorization': fc.oneof(
    fc.constantFrom(
      'Macaroon root="old"',
      'Macaroon root=""',
      'Macaroon',
      'Bearer x',
      'Macaroon root="a.b.c", discharge="d"',
    ),
    fc.base64String({ maxLength: 200 }).map((token) => `Macaroon root="${token}"`),
  ),
};

const post = (
  path: string,
  sent: fc.Arbitrary<WireRequest['headers']>,
  body: fc.Arbitrary<Buffer>,
): fc.Arbitrary<WireRequest> =>
  fc.record({ method: fc.constant('POST'), path: fc.constant(`${FOLDER}/${path}`), headers: sent, body });

const anything = fc.oneof(
  { weight: 4, arbitrary: fc.constant(Buffer.alloc(0)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom('{}', 'null', 'x'.repeat(2_000_000)).map((text) => Buffer.from(text)) },
);

export const nonces: Kind = {
  name: 'nonces',
  requests: () => post('nonces', headers({ Accept: fc.constant('application/json') }), anything),
  reaches: [200],
};

export const sessions: Kind = {
  name: 'sessions',
  requests: ({ sessions: granted }) =>
    post(
      'sessions',
      headers({ 'Content-Type': fc.constant('application/json'), ...credentials }),
      jsonBody(
        fc.oneof(
          { weight: 1, arbitrary: fc.constantFrom(...granted) },
          {
            weight: 4,
            arbitrary: fc.record({
              'device-session-request': nearlyAssertion(
                fc.constantFrom(...granted).map((one) => one['device-session-request']),
              ),
              'serial-assertion': nearlyAssertion(fc.constantFrom(...granted).map((one) => one['serial-assertion'])),
              'model-assertion': nearlyAssertion(fc.constantFrom(...granted).map((one) => one['model-assertion'])),
            }),
          },
        ),
      ),
    ),
  reaches: [200, 400],
};

export const requestIds: Kind = {
  name: 'request-id',
  requests: () =>
    post(
      'request-id',
      headers({ 'X-Snap-Device-Service-URL': fc.constantFrom('https://brand.example/', 'nothing') }),
      anything,
    ),
  reaches: [404],
};

export const devices: Kind = {
  name: 'devices',
  requests: ({ registrations }) =>
    post(
      'devices',
      headers({
        'Content-Type': fc.constantFrom('application/x.ubuntu.assertion', 'application/json'),
        'Snap-Device-Capabilities': fc.constant('serial-stream'),
      }),
      fc.oneof(
        {
          weight: 8,
          arbitrary: damaged(nearlyAssertion(fc.constantFrom(...registrations)).map((text) => Buffer.from(text))),
        },
        { weight: 1, arbitrary: anything },
      ),
    ),
  reaches: [404],
};
