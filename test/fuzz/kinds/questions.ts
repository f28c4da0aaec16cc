import fc from 'fast-check';

import type { SignedSnap } from '../../support/test-authority.js';
import { encoded, headers, NO_BODY, oddPart, oddText, query } from '../hostile.js';
import type { WireRequest } from '../wire.js';
import type { Kind } from './kind.js';

const FIELDS = 'architectures,base,channel,confinement,download,media,publisher,revision,resources,title,version';

const architecture = fc.constantFrom('amd64', 'arm64', 'all');
const deviceHeaders = headers({
  'Snap-Device-Architecture': architecture,
  'Snap-Device-Series': fc.constant('16'),
  'X-Ubuntu-Architecture': architecture,
  'Accept-Encoding': fc.constantFrom('gzip', 'gzip;q=0', 'br, gzip;q=0.5', '*'),
  Host: fc.constantFrom('127.0.0.1', 'localhost:80', 'evil.example'),
});

interface Question {
  readonly path: fc.Arbitrary<string>;
  readonly query?: fc.Arbitrary<string>;
  readonly headers?: fc.Arbitrary<WireRequest['headers']>;
  readonly method?: fc.Arbitrary<string>;
}

const question = ({
  path,
  query: asked = fc.constant(''),
  headers: sent = deviceHeaders,
  method,
}: Question): fc.Arbitrary<WireRequest> =>
  fc.record({
    method: method ?? fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
    path: fc.tuple(path, asked).map(([start, end]) => onTheWire(`${start}${end}`)),
    headers: sent,
    body: fc.constant(NO_BODY),
  });

/** What no request line can hold makes it another request, which is what the `raw` kind is for. */
function onTheWire(path: string): string {
  return path.replace(/[\0- \x7f]/g, '+');
}

/** As it should be most of the time; else with a part of it odd. */
const parts = (sound: fc.Arbitrary<readonly string[]>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: sound.map((list) => list.map(encodeURIComponent).join('/')) },
    {
      weight: 2,
      arbitrary: fc.tuple(sound, fc.nat(), oddPart).map(([list, at, odd]) =>
        list
          .map(encodeURIComponent)
          .with(at % list.length, odd)
          .join('/'),
      ),
    },
    { weight: 1, arbitrary: fc.array(oddPart, { maxLength: 6 }).map((list) => list.join('/')) },
  );

const names = (snaps: readonly SignedSnap[]): fc.Arbitrary<string> =>
  fc.constantFrom(...snaps.map(({ plan }) => plan.name), 'nothing');

export const info: Kind = {
  name: 'v2/snaps/info',
  requests: ({ snaps }) =>
    question({
      path: parts(names(snaps).map((name) => [name])).map((rest) => `/v2/snaps/info/${rest}`),
      query: query({ architecture, fields: fc.constantFrom(FIELDS, 'channel-map', 'download', '') }),
    }),
  reaches: [200, 404, 400],
};

const words = fc.oneof(
  fc.constantFrom(
    'jq',
    'j',
    'processor',
    'the',
    'JQ',
    'test publisher',
    'a & b',
    "jq':*",
    '<->',
    '!!',
    '(jq',
    'é',
    '%',
    '_',
  ),
  oddText,
);

export const find: Kind = {
  name: 'v2/snaps/find',
  requests: ({ snaps }) =>
    question({
      path: fc.constant('/v2/snaps/find'),
      query: query({
        q: words.map(encoded),
        name: fc.oneof(
          names(snaps),
          names(snaps).map((name) => name.slice(0, 1)),
        ),
        'common-id': fc.constantFrom('org.example.jq', 'x'),
        category: fc.constantFrom('featured', 'utilities', ''),
        section: fc.constantFrom('featured', 'utilities'),
        confinement: fc.constantFrom('strict', 'strict,classic', 'classic', 'strict%2Cclassic'),
        architecture,
        channel: fc.constantFrom('stable', 'latest/edge', '2.0/stable'),
        scope: fc.constantFrom('wide', ''),
        private: fc.constantFrom('true', 'false', '1'),
        fields: fc.constantFrom(FIELDS, ''),
        page: fc.constantFrom('1', '-1'),
        size: fc.constantFrom('1', '1000000000'),
      }),
    }),
  reaches: [200, 400],
};

export const catalogue: Kind = {
  name: 'categories, sections, names and the first search',
  requests: () =>
    question({
      path: fc.constantFrom(
        '/v2/snaps/categories',
        '/api/v1/snaps/sections',
        '/api/v1/snaps/names',
        '/api/v1/snaps/search',
        '/api/v1/snaps/purchases/orders',
        '/api/v1/snaps/purchases/customers/me',
        '/_status/check',
        '/',
      ),
      query: query({
        confinement: fc.constantFrom('strict', 'strict,classic', 'classic'),
        type: fc.constantFrom('normal', 'shared'),
        q: words.map(encoded),
        fields: fc.constantFrom(FIELDS, 'package_name'),
      }),
    }),
  reaches: [200, 404],
};

export const assertions: Kind = {
  name: 'v2/assertions',
  requests: ({ snaps }) => {
    const held = snaps.flatMap((snap) => snap.assertions.map(({ ref }) => [ref.type.name, ...ref.reducedPrimaryKey]));
    return question({
      path: parts(
        fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(...held) },
          {
            weight: 2,
            arbitrary: fc.constantFrom(
              ['validation-set', '16', 'testauthority', 'vs'],
              ['validation-set', '16', 'testauthority', 'vs', '1'],
              ['account-key', 'A'.repeat(64)],
              ['snap-resource-revision', 'a'.repeat(32), 'c1', 'A'.repeat(64)],
              ['store', 'brand-store'],
              ['model', '16', 'brand', 'model'],
              ['device-session-request', 'b', 'm', 's'],
            ),
          },
        ),
      ).map((rest) => `/v2/assertions/${rest}`),
      query: query({
        'max-format': fc.constantFrom('0', '5', '7', '99', '2147483648', '-1', '1e3'),
        sequence: fc.constantFrom('1', 'latest', '0', '99999999999'),
      }),
      headers: headers({ Accept: fc.constantFrom('application/x.ubuntu.assertion', 'application/json', '*/*') }),
    });
  },
  reaches: [200, 400, 404],
};

export const repairs: Kind = {
  name: 'v2/repairs',
  requests: () =>
    question({
      path: parts(fc.tuple(fc.constantFrom('canonical', 'brand'), fc.constantFrom('1', '2', '0', '99999999999'))).map(
        (rest) => `/v2/repairs/${rest}`,
      ),
      headers: headers({
        Accept: fc.constantFrom('application/x.ubuntu.assertion', 'application/json'),
        'If-None-Match': fc.constantFrom('"1"', 'W/"0"', '*'),
      }),
    }),
  reaches: [404],
};

export const downloads: Kind = {
  name: 'downloads and pictures',
  requests: ({ snaps }) => {
    const files = snaps.flatMap(({ plan: { snapId, revision } }) => [
      ...Array.from({ length: 6 }, () => `download/${snapId}_${revision}.snap`),
      `download/${snapId}_${revision + 90}.snap`,
      `download/${snapId}_c1_${revision}.comp`,
      `download/${snapId}_1_${revision}.xdelta3`,
      `media/${snapId}/${'0'.repeat(96)}.png`,
    ]);
    return question({
      path: parts(fc.constantFrom(...files).map((file) => file.split('/'))).map((rest) => `/api/v1/snaps/${rest}`),
      query: query({ token: fc.constant('x') }),
      headers: headers(
        {
          Range: fc.oneof(
            fc.constantFrom(
              'bytes=0-',
              'bytes=0-0',
              'bytes=16383-',
              'bytes=16384-',
              'bytes=-5',
              'bytes=-0',
              'bytes=5-2',
              'bytes=0-1,3-4',
              'bytes=99999999999999999999-',
              'lines=1-2',
            ),
            fc.tuple(fc.nat(20_000), fc.nat(20_000)).map(([start, end]) => `bytes=${start}-${end}`),
          ),
          'If-Range': fc.constantFrom('"x"', 'W/"x"', 'Wed, 21 Oct 2026 07:28:00 GMT'),
          'If-None-Match': fc.constantFrom('"x"', 'W/"x", "y"', ',,,'),
          'Snap-CDN': fc.constantFrom('none', 'cloud-name="aws" region="x"'),
        },
        3,
      ),
    });
  },
  reaches: [200, 206, 404],
};

export const credentials: Kind = {
  name: 'who is asking',
  requests: ({ snaps }) =>
    question({
      path: fc.constantFrom(
        `/v2/snaps/info/${snaps[0]?.plan.name ?? ''}`,
        '/v2/snaps/find?q=jq',
        '/api/v1/snaps/names',
        `/api/v1/snaps/download/${snaps[0]?.plan.snapId ?? ''}_${snaps[0]?.plan.revision ?? 1}.snap`,
      ),
      headers: headers(
        {
          Authorization: fc.constantFrom('Macaroon root="a", discharge="b"', 'Basic YTpi', 'Bearer x'),
          'Snap-Device-Authorization': fc.oneof(
            fc.base64String({ maxLength: 300 }).map((token) => `Macaroon root="${token}"`),
            fc.constantFrom('Macaroon root="', 'Macaroon root=""', 'Macaroon', `Macaroon root="${'A.'.repeat(2_000)}"`),
          ),
          'X-Device-Authorization': fc.constantFrom('Macaroon root="x"', 'x'),
          'Snap-Device-Store': fc.constantFrom('brand', '../x'),
          'Snap-Device-Location': fc.constant('cloud-name="aws" region="r" availability-zone="z"'),
          'Snap-Client-User-Agent': fc.constant('x/1'),
          'Snap-Device-Capabilities': fc.constant('default-tracks'),
          'X-Forwarded-Proto': fc.constantFrom('https', 'http, https'),
          'X-Forwarded-For': fc.constantFrom('1.2.3.4', '::1, x'),
        },
        3,
      ),
    }),
  reaches: [200],
};

export const unknown: Kind = {
  name: 'paths and methods that nobody knows',
  requests: () =>
    fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND', 'SEARCH'),
      path: fc
        .oneof(
          { weight: 2, arbitrary: fc.array(oddPart, { maxLength: 6 }).map((list) => `/${list.join('/')}`) },
          {
            weight: 2,
            arbitrary: fc
              .tuple(
                fc.constantFrom('v2', 'v2/snaps', 'api/v1', 'api/v1/snaps', 'api/v1/snaps/auth', '_status'),
                oddPart,
              )
              .map(([start, end]) => `/${start}/${end}`),
          },
          {
            weight: 1,
            arbitrary: fc.constantFrom(
              '//',
              '/v2/',
              '/v2//snaps/refresh',
              '/V2/SNAPS/FIND',
              '*',
              'http://127.0.0.1/v2/snaps/find',
              '/v2/snaps/refresh/',
              '/v2/snaps/info',
              '/v2/snaps/info/',
            ),
          },
        )
        .map(onTheWire),
      headers: headers({
        'Content-Type': fc.constantFrom(
          'application/json',
          'multipart/form-data; boundary=x',
          'application/x-www-form-urlencoded',
        ),
      }),
      body: fc.oneof(
        fc.constant(NO_BODY),
        fc.constantFrom('{}', '{', 'a[b][c]=d', '--x\r\n').map((text) => Buffer.from(text)),
      ),
    }),
  reaches: [404],
};
