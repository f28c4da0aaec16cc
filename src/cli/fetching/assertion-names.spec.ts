import { describe, expect, it } from 'vitest';

import { UsageError } from '../cli.errors.js';
import { readAssertionNames } from './assertion-names.js';

describe(readAssertionNames.name, () => {
  it('reads the names that the usual types have of their own', () => {
    expect(readAssertionNames('validation-set', ['acme/classroom=3'])).toEqual([
      { type: 'validation-set', accountId: 'acme', name: 'classroom', sequence: 3 },
    ]);
    expect(readAssertionNames('model', ['acme/box'])).toEqual([{ type: 'model', brandId: 'acme', model: 'box' }]);
  });

  it.each([
    ['snap-declaration', `16/${'a'.repeat(32)}`],
    ['system-user', 'acme/ops@example.org'],
    ['store', 'acme-store'],
    ['preseed', '16/acme/box/20260101'],
    ['confdb-schema', 'acme/network'],
    ['snap-developer', `${'a'.repeat(32)}/acme`],
  ])('reads the primary key of a %s', (type, name) => {
    const [wanted] = readAssertionNames(type, [name]);
    expect(wanted?.type === 'other' && wanted.ref.toString()).toBe(`${type}/${name}`);
  });

  it.each([
    ['model', 'acme'],
    ['account-key', 'x'],
    ['system-user', 'acme'],
    ['store', 'a/b'],
    ['serial-request', 'x'],
    ['confdb-control', 'a/b/c'],
    ['nosuch', 'x'],
  ])('refuses %s %s', (type, name) => {
    expect(() => readAssertionNames(type, [name])).toThrow(UsageError);
  });
});
