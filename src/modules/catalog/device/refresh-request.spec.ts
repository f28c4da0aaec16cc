import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BadRequestError } from '../../../platform/http/http.errors.js';
import { parseRefreshRequest, REFRESH_LIMITS } from './refresh-request.js';

const install = { action: 'install', 'instance-key': 'install-1', name: 'jq' };

describe(parseRefreshRequest.name, () => {
  it('reads what snapd sends', () => {
    const request = parseRefreshRequest({
      context: [
        { 'snap-id': 'a', 'instance-key': 'a', revision: 3, 'tracking-channel': '', epoch: { read: [0], write: [0] } },
      ],
      actions: [
        { ...install, channel: 'stable', revision: null, epoch: null, 'cohort-key': '' },
        {
          action: 'fetch-assertions',
          key: 'AAA',
          assertions: [{ type: 'account', 'primary-key': ['x'], 'if-newer-than': 0 }],
        },
      ],
      'assertion-max-formats': { 'snap-declaration': 5 },
    });
    expect(request.context.get('a')).toEqual({
      instanceKey: 'a',
      snapId: 'a',
      revision: 3,
      trackingChannel: 'stable',
      epoch: { read: [0], write: [0] },
      terms: null,
    });
    expect(request.actions).toEqual([
      {
        action: 'install',
        instanceKey: 'install-1',
        name: 'jq',
        snapId: null,
        channel: 'stable',
        revision: null,
        epoch: null,
        terms: null,
      },
      { action: 'fetch-assertions', key: 'AAA', assertions: [{ type: 'account', primaryKey: ['x'], ifNewerThan: 0 }] },
    ]);
    expect(request.maxFormats.get('snap-declaration')).toBe(5);
  });

  it('names the field that is wrong', () => {
    const wrong = { actions: [install, { ...install, revision: 'x1' }] };
    expect(() => parseRefreshRequest(wrong)).toThrow('actions[1]: revision is not a whole number');
  });

  it.each([
    ['context', { context: Array.from({ length: REFRESH_LIMITS.snaps + 1 }, () => ({})), actions: [install] }],
    ['actions', { actions: Array.from({ length: REFRESH_LIMITS.actions + 1 }, () => install) }],
    ['text', { actions: [{ ...install, name: 'x'.repeat(REFRESH_LIMITS.text + 1) }] }],
    [
      'keys',
      {
        actions: [
          { action: 'fetch-assertions', key: 'A', assertions: [{ type: 'a', 'primary-key': Array(11).fill('x') }] },
        ],
      },
    ],
    [
      'assertions of all actions together',
      {
        actions: Array.from({ length: 3 }, () => ({
          action: 'fetch-assertions',
          key: 'A',
          assertions: Array.from({ length: 4_000 }, () => ({ type: 'a', 'primary-key': ['x'] })),
        })),
      },
    ],
    [
      'validation sets of all snaps together',
      {
        actions: Array.from({ length: 101 }, () => {
          return { ...install, 'validation-sets': Array.from({ length: 100 }, () => ['16', 'a', 'b', '1']) };
        }),
      },
    ],
    [
      'formats',
      {
        actions: [install],
        'assertion-max-formats': Object.fromEntries(Array.from({ length: 101 }, (_, i) => [i, 1])),
      },
    ],
  ])('bounds %s', (_what, body) => {
    expect(() => parseRefreshRequest(body)).toThrow(BadRequestError);
  });

  it('reads or refuses any JSON at all, and fails at none', () => {
    const actionLike = fc.record(
      {
        action: fc.oneof(fc.constantFrom('install', 'refresh', 'download', 'fetch-assertions'), fc.jsonValue()),
        'instance-key': fc.oneof(fc.string({ minLength: 1 }), fc.jsonValue()),
        revision: fc.oneof(fc.integer(), fc.jsonValue()),
        epoch: fc.oneof(fc.record({ read: fc.array(fc.nat()), write: fc.array(fc.nat()) }), fc.jsonValue()),
        assertions: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.jsonValue(),
      fc.record({ context: fc.array(fc.jsonValue()), actions: fc.array(actionLike) }),
    );
    fc.assert(
      fc.property(body, (value) => {
        try {
          parseRefreshRequest(value);
        } catch (error) {
          expect(error).toBeInstanceOf(BadRequestError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
