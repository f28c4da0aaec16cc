import { describe, expect, it } from 'vitest';

import { DIGEST, key, make, samples, SNAP_ID } from '../../../../test/support/assertion-samples.js';
import { AssertionRefusedError, assertionRef, assertionType, assertionTypes, prerequisites } from '../index.js';

describe('assertion types', () => {
  it('are those that snapd knows, with a good one of each', () => {
    expect(Object.keys(samples()).sort()).toEqual(
      assertionTypes()
        .map(({ name }) => name)
        .sort(),
    );
    for (const { name } of assertionTypes()) expect(make(name).type.name).toBe(name);
  });

  it('refuse every one of them without any one of its own mandatory headers', () => {
    const optional: Record<string, string[]> = {
      'account-key': ['name'],
      'base-declaration': ['format'],
      cluster: ['devices', 'subclusters'],
      'confdb-control': ['groups'],
      'snap-declaration': ['aliases', 'refresh-control', 'plugs', 'revision-authority', 'format'],
      'snap-developer': ['developers'],
      'snap-revision': ['integrity'],
      store: ['url', 'friendly-stores'],
      'system-user': ['serials', 'user-presence', 'password', 'force-password-change', 'format', 'models'],
      validation: ['revoked'],
    };
    const accepted: string[] = [];
    for (const [type, { headers }] of Object.entries(samples())) {
      for (const name of Object.keys(headers)) {
        if (optional[type]?.includes(name) === true) continue;
        try {
          make(type, { [name]: undefined });
          accepted.push(`${type} without ${name}`);
        } catch (error) {
          expect(error).toBeInstanceOf(AssertionRefusedError);
        }
      }
    }
    expect(accepted).toEqual([]);
  });

  it('say what comes before an assertion, in snapd’s order', () => {
    const signing = `account-key/${key.id}`;
    const before = (type: string) => prerequisites(make(type)).map((ref) => ref.id);
    const declared = `snap-declaration/16/${SNAP_ID}`;
    expect(before('account')).toEqual([signing]);
    expect(before('account-key')).toEqual(['account/x', signing]);
    expect(before('snap-declaration')).toEqual(['account/x', signing]);
    expect(before('snap-revision')).toEqual([declared, 'account/x', signing]);
    expect(before('snap-resource-revision')).toEqual([declared, 'account/x', signing]);
    expect(before('snap-resource-pair')).toEqual([declared, signing]);
    expect(before('snap-developer')).toEqual([declared, 'account/x', 'account/dev', signing]);
    expect(before('validation')).toEqual([declared, declared, signing]);
    expect(before('store')).toEqual(['account/x', signing]);
    expect(before('validation-set')).toEqual([signing]);
    expect(before('account-key-request')).toEqual(['account/x']);
    expect(before('confdb-control')).toEqual(['serial/authority/m/1']);
    expect(before('response-message')).toEqual(['serial/brand/model/1']);
  });

  it('know which form sequences, and which number one has', () => {
    const forming = assertionTypes().filter((type) => type.isSequenceForming);
    expect(forming.map(({ name }) => name).sort()).toEqual(['cluster', 'repair', 'validation-set']);
    expect(make('validation-set').sequence).toBe(2);
    expect(make('account').sequence).toBeNull();
  });

  it('have the formats of snapd 2.77', () => {
    const formats = assertionTypes()
      .filter(({ maxFormat }) => maxFormat > 0)
      .map(({ name, maxFormat }) => [name, maxFormat]);
    expect(Object.fromEntries(formats)).toEqual({ 'account-key': 1, 'snap-declaration': 7, 'system-user': 2 });
  });
});

describe(assertionRef.name, () => {
  it('fills in what a reduced key leaves out', () => {
    expect(assertionRef('snap-revision', [DIGEST]).id).toBe(`snap-revision/${DIGEST}/global-upload`);
    expect(assertionRef('snap-revision', [DIGEST, 'p']).reducedPrimaryKey).toEqual([DIGEST, 'p']);
    expect(assertionRef('snap-revision', [DIGEST, 'global-upload']).toString()).toBe(`snap-revision/${DIGEST}`);
  });

  it.each<[string, string[]]>([
    ['account', []],
    ['account', ['']],
    ['account', ['a', 'b']],
    ['account', ['a/b']],
    ['model', ['16', 'brand']],
    ['nonsense', ['x']],
  ])('refuses %s %j', (type, primaryKey) => {
    expect(() => assertionRef(type, primaryKey)).toThrow(AssertionRefusedError);
  });

  it('shows keys in a form that is safe on a terminal', () => {
    expect(assertionRef('account', ['a\u001b[31m\u202e']).toString()).toBe('account/a\\u001b[31m\\u202e');
  });

  it('knows types by name only', () => {
    expect(() => assertionType('constructor')).toThrow(/unknown assertion type/);
    expect(() => assertionType('authority-delegation')).toThrow(/unknown assertion type/);
  });
});
