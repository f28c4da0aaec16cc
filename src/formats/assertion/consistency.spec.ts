import { describe, expect, it } from 'vitest';

import {
  at,
  authority,
  brand,
  brandAccount,
  brandKey,
  declaration,
  declare,
  developer,
  device,
  judge,
  judgeFirst,
  modelOf,
  reason,
  revise,
  serialOf,
  SNAP_ID,
  store,
  storeKey,
} from '../../../test/support/assertion-world.js';
import { SIGNED_AT, TestAccount } from '../../../test/support/authority.js';
import { type Assertion, type HeaderMap, signAssertion } from './index.js';

describe('what verified assertions must agree on', () => {
  it.each<[string, () => Assertion]>([
    [
      'account',
      () => brand.sign('account', { 'account-id': 'x', 'display-name': 'x', validation: 'x', timestamp: at }),
    ],
    [
      'account-key',
      () =>
        brand.sign(
          'account-key',
          { 'account-id': 'brand', 'public-key-sha3-384': device.key.id, since: at },
          { body: device.key.publicKey.encode() },
        ),
    ],
    [
      'snap-declaration',
      () =>
        brand.sign('snap-declaration', {
          series: '16',
          'snap-id': SNAP_ID,
          'snap-name': 'jq',
          'publisher-id': 'brand',
          timestamp: at,
        }),
    ],
    ['snap-revision', () => revise({}, brand)],
    [
      'snap-resource-pair',
      () =>
        brand.sign('snap-resource-pair', {
          'snap-id': SNAP_ID,
          'resource-name': 'res',
          'resource-revision': '1',
          'snap-revision': '1',
          'developer-id': 'developer',
          timestamp: at,
        }),
    ],
    ['snap-developer', () => brand.sign('snap-developer', { 'snap-id': SNAP_ID, 'publisher-id': 'developer' })],
    ['store', () => brand.sign('store', { store: 's', 'operator-id': 'brand', timestamp: at })],
    ['base-declaration', () => brand.sign('base-declaration', { series: '16', timestamp: at })],
    [
      'confdb-schema of the system',
      () =>
        brand.sign(
          'confdb-schema',
          { 'account-id': 'system', name: 'network', views: { v: { rules: [{ storage: 'a' }] } }, timestamp: at },
          { body: '{\n  "storage": {\n    "schema": {\n      "a": "string"\n    }\n  }\n}' },
        ),
    ],
  ])('wants a trusted authority for %s', async (_type, make) => {
    const assertion = make();
    const batch = [assertion, brandAccount, brandKey, developer, declaration, storeKey];
    expect(await judgeFirst(batch)).toBe(reason('not-trusted-authority'));
  });

  it('wants the accounts of keys, publishers and operators to be known', async () => {
    const operated = store.sign('store', { store: 's', 'operator-id': 'brand', timestamp: at });
    expect(await judgeFirst([operated, storeKey])).toBe(reason('prerequisite-missing'));
    expect(await judgeFirst([operated, storeKey, brandAccount])).toBe('ok');
    expect(await judgeFirst([brandKey])).toBe(reason('prerequisite-missing'));
    expect(await judgeFirst([declaration, storeKey])).toBe(reason('prerequisite-missing'));
  });

  it('lets one account have one key of a name', async () => {
    const second = authority.signAccountKey('brand', device.key, { name: 'default' });
    expect((await judge([brandKey, second, brandAccount])).filter((verdict) => verdict !== 'ok')).toEqual([
      reason('consistency'),
    ]);
  });

  it('lets a snap-declaration allow other authorities for a provenance', async () => {
    const allowing = declare({
      'revision-authority': [{ 'account-id': 'brand', provenance: ['prov'], 'min-revision': '2', 'max-revision': '3' }],
    });
    const rest = [allowing, storeKey, developer, brandAccount, brandKey];
    const by = (headers: HeaderMap) => revise(headers, brand);
    expect(await judgeFirst([by({ provenance: 'prov' }), ...rest])).toBe('ok');
    expect(await judgeFirst([by({ provenance: 'other' }), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([by({ provenance: 'prov', 'snap-revision': '1' }), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([by({ provenance: 'prov', 'snap-revision': '4' }), ...rest])).toBe(reason('consistency'));
    const other = new TestAccount('developer', device.key);
    const otherKey = authority.signAccountKey('developer', device.key);
    expect(await judgeFirst([revise({ provenance: 'prov' }, other), otherKey, ...rest])).toBe(reason('consistency'));
    const withdrawn = declare({ revision: '1' });
    expect(await judgeFirst([by({ provenance: 'prov' }), withdrawn, ...rest])).toBe(reason('consistency'));
  });

  it('lets a model allow other authorities for serials', async () => {
    const serial = serialOf(store);
    const rest = [storeKey, brandAccount, brandKey];
    expect(await judgeFirst([serialOf(brand), ...rest])).toBe('ok');
    expect(await judgeFirst([serial, ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([serial, modelOf(brand), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([serial, modelOf(brand, { 'serial-authority': [authority.id] }), ...rest])).toBe('ok');
  });

  it('wants a validation to be signed by the gating snap’s publisher', async () => {
    const headers = {
      series: '16',
      'snap-id': SNAP_ID,
      'approved-snap-id': SNAP_ID,
      'approved-snap-revision': '1',
      timestamp: at,
    };
    const gated = declare({ 'publisher-id': 'brand' });
    const rest = [gated, storeKey, brandAccount, brandKey];
    expect(await judgeFirst([brand.sign('validation', headers), ...rest])).toBe('ok');
    expect(await judgeFirst([store.sign('validation', headers), ...rest])).toBe(reason('consistency'));
    expect(await judgeFirst([brand.sign('validation', headers), ...rest.slice(1)])).toBe(
      reason('prerequisite-missing'),
    );
  });

  it('checks what a device signs by its serial', async () => {
    const headers = { 'brand-id': 'brand', model: 'm', serial: '1', nonce: 'n', timestamp: at };
    const sign = (key = device.key) =>
      signAssertion({ type: 'device-session-request', headers, key, signedAt: SIGNED_AT });
    const rest = [serialOf(brand), brandAccount, brandKey];
    expect(await judgeFirst([sign(), ...rest])).toBe('ok');
    expect(await judgeFirst([sign(brand.key), ...rest])).toBe(reason('key-unknown'));
    expect(await judgeFirst([sign()])).toBe(reason('prerequisite-missing'));
  });

  it('checks what carries its own key by that', async () => {
    const request = { 'account-id': 'brand', name: 'n', since: at, 'public-key-sha3-384': device.key.id };
    const sign = (key = device.key) => {
      return signAssertion({
        type: 'account-key-request',
        headers: request,
        body: device.key.publicKey.encode(),
        key,
        signedAt: SIGNED_AT,
      });
    };
    expect(await judgeFirst([sign(), brandAccount])).toBe('ok');
    expect(await judgeFirst([sign(brand.key), brandAccount])).toBe(reason('signature-wrong'));
    expect(await judgeFirst([sign()])).toBe(reason('prerequisite-missing'));
  });
});
