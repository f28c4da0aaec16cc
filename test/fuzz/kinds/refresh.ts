import fc from 'fast-check';

import type { SignedSnap } from '../../support/test-authority.js';
import { headers, jsonBody, oddText } from '../hostile.js';
import type { WireRequest } from '../wire.js';
import type { Kind, World } from './kind.js';

const CHANNELS = ['stable', 'latest/stable', 'edge', '1.0/candidate', 'latest/edge/fix-1', 'edge/fix'];
const TIME = '2026-01-01T00:00:00Z';

const deviceHeaders = headers({
  'Snap-Device-Architecture': fc.constantFrom('amd64', 'amd64', 'arm64', 'all'),
  'Snap-Device-Series': fc.constant('16'),
  'Snap-Classic': fc.constantFrom('true', 'false'),
  'Snap-Accept-Delta-Format': fc.constantFrom('xdelta3', 'snap-1-1-xdelta3,xdelta3'),
  'Snap-Refresh-Reason': fc.constant('scheduled'),
  'Content-Type': fc.constantFrom('application/json', 'application/json', 'text/plain'),
});

const epoch = fc.constantFrom<unknown>(null, '0', '1*', { read: [0], write: [0] }, { read: [0, 1], write: [1] });
const revision = fc.constantFrom(1, 2, 3, 7, 0x7fff_ffff);
const sets = fc.constantFrom<unknown>(
  [],
  [['16', 'testauthority', 'vs', '1']],
  [
    ['16', 'acct', 'vs', '3'],
    ['16', 'a', 'b', '1'],
  ],
);
const cohort = fc.oneof(
  fc.constantFrom('', 'KEY', 'a.b.c', `${'A'.repeat(200)}=`),
  fc.base64String({ maxLength: 120 }),
);

/** Each field as often absent as not. */
const some = (
  fields: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  required: readonly string[],
): fc.Arbitrary<unknown> => fc.record(fields, { requiredKeys: [...required] as never[] });

const names = (snaps: readonly SignedSnap[]): fc.Arbitrary<string> =>
  fc.constantFrom(...snaps.map(({ plan }) => plan.name), 'nothing');
const ids = (snaps: readonly SignedSnap[]): fc.Arbitrary<string> =>
  fc.constantFrom(...snaps.map(({ plan }) => plan.snapId), 'a'.repeat(32));

function contextSnap(world: World): fc.Arbitrary<unknown> {
  return ids(world.snaps).chain((snapId) =>
    some(
      {
        'snap-id': fc.constant(snapId),
        'instance-key': fc.constantFrom(snapId, `${snapId}:c2FsdA`),
        revision: fc.oneof(revision, fc.constantFrom(0, -1)),
        'tracking-channel': fc.constantFrom(...CHANNELS),
        epoch,
        'refreshed-date': fc.constant(TIME),
        'ignore-validation': fc.boolean(),
        'cohort-key': cohort,
        'validation-sets': sets,
        held: fc.constantFrom({ by: ['system'] }, { by: ['other-snap', 'system'] }, { by: [] }),
        resources: fc.constantFrom([], [{ name: 'c1', revision: 1 }]),
      },
      ['snap-id', 'instance-key', 'revision'],
    ),
  );
}

function snapAction(world: World): fc.Arbitrary<unknown> {
  return fc
    .tuple(names(world.snaps), ids(world.snaps), fc.constantFrom('install', 'refresh', 'download', 'dance'))
    .chain(([name, snapId, action]) =>
      some(
        {
          action: fc.constant(action),
          'instance-key': fc.constantFrom(action === 'refresh' ? snapId : `${action}-1`, `${snapId}:c2FsdA`),
          ...(action === 'refresh' ? { 'snap-id': fc.constant(snapId) } : { name: fc.constant(name) }),
          channel: fc.constantFrom(...CHANNELS),
          revision,
          epoch,
          'cohort-key': cohort,
          'ignore-validation': fc.boolean(),
          'validation-sets': sets,
          resources: fc.constantFrom([], [{ name: 'c1', revision: 1 }]),
        },
        ['action', 'instance-key', action === 'refresh' ? 'snap-id' : 'name'],
      ),
    );
}

function wantedAssertion({ snaps }: World): fc.Arbitrary<unknown> {
  const newerThan = fc.constantFrom(0, 1, 5);
  return fc.oneof(
    ids(snaps).chain((snapId) =>
      some(
        {
          type: fc.constant('snap-declaration'),
          'primary-key': fc.constant(['16', snapId]),
          'if-newer-than': newerThan,
        },
        ['type', 'primary-key'],
      ),
    ),
    some(
      {
        type: fc.constantFrom(
          'account',
          'account-key',
          'snap-revision',
          'model',
          'serial',
          'confdb-schema',
          'unheard-of',
        ),
        'primary-key': fc.array(fc.oneof(fc.constantFrom('testauthority', 'testpublisher'), oddText), {
          minLength: 1,
          maxLength: 5,
        }),
        'if-newer-than': newerThan,
      },
      ['type', 'primary-key'],
    ),
    some(
      {
        type: fc.constantFrom('validation-set', 'validation-set', 'account'),
        'sequence-key': fc.constantFrom(['16', 'testauthority', 'vs'], ['16', 'acct', 'vs2'], ['16']),
        sequence: fc.constantFrom(1, 3, 0x7fff_ffff),
        'if-sequence-equal-or-newer-than': fc.constantFrom(1, 4),
        'if-newer-than': newerThan,
      },
      ['type', 'sequence-key'],
    ),
  );
}

function post(body: fc.Arbitrary<Buffer>): fc.Arbitrary<WireRequest> {
  return fc.record({
    method: fc.constant('POST'),
    path: fc.constant('/v2/snaps/refresh'),
    headers: deviceHeaders,
    body,
  });
}

const fields = fc.constantFrom(['name', 'download'], ['resources'], [], ['nothing-known', 'revision', 'snap-yaml']);

export const refresh: Kind = {
  name: 'v2/snaps/refresh',
  requests: (world) =>
    post(
      jsonBody(
        some(
          {
            context: fc.array(contextSnap(world), { maxLength: 4 }),
            actions: fc.array(snapAction(world), { minLength: 1, maxLength: 4 }),
            fields,
          },
          ['context', 'actions'],
        ),
      ),
    ),
  reaches: [200, 400],
};

export const fetchAssertions: Kind = {
  name: 'v2/snaps/refresh with fetch-assertions',
  requests: (world) =>
    post(
      jsonBody(
        some(
          {
            context: fc.constantFrom([], null),
            actions: fc.array(
              some(
                {
                  action: fc.constant('fetch-assertions'),
                  key: fc.constantFrom('AAA', 'AQA', 'AAABAA', ''),
                  assertions: fc.array(wantedAssertion(world), { maxLength: 6 }),
                },
                ['action', 'key', 'assertions'],
              ),
              { minLength: 1, maxLength: 3 },
            ),
            fields,
            'assertion-max-formats': fc.constantFrom(
              { 'snap-declaration': 5, 'system-user': 1 },
              {},
              { 'account-key': 1 },
            ),
          },
          ['actions'],
        ),
      ),
    ),
  reaches: [200, 400],
};

export const cohorts: Kind = {
  name: 'v2/cohorts',
  requests: (world) =>
    fc.record({
      method: fc.constant('POST'),
      path: fc.constant('/v2/cohorts'),
      headers: headers({ 'Snap-Device-Architecture': fc.constantFrom('amd64', 'arm64') }),
      body: jsonBody(some({ snaps: fc.array(names(world.snaps), { maxLength: 4 }) }, ['snaps'])),
    }),
  reaches: [200, 400, 404],
};

export const messages: Kind = {
  name: 'v2/messages',
  requests: () =>
    fc.record({
      method: fc.constant('POST'),
      path: fc.constant('/v2/messages'),
      headers: headers({ 'Content-Type': fc.constant('application/json') }),
      body: jsonBody(
        some(
          {
            after: fc.constantFrom('', 'token'),
            limit: fc.constantFrom(0, 1, 10, 1000),
            messages: fc.array(fc.record({ format: fc.constant('assertion'), data: oddText }), { maxLength: 3 }),
          },
          [],
        ),
      ),
    }),
  reaches: [200, 400],
};
