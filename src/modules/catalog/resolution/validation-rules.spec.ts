import { describe, expect, it } from 'vitest';

import {
  componentPinsOf,
  pinOf,
  type PresenceRule,
  type Presence,
  SnapRuledOutError,
  ValidationSetConflictError,
  type ValidationRule,
} from './validation-rules.js';

const rule = (set: string, presence: Presence, revision: number | null = null): PresenceRule => {
  return { set, presence, revision };
};

describe(pinOf.name, () => {
  it.each([
    ['nothing', []],
    ['a snap that has to be there, in any revision', [rule('a/s=1', 'required')]],
    ['a snap that may be there, in any revision', [rule('a/s=1', 'optional'), rule('b/s=1', 'required')]],
  ])('makes nothing of %s', (_what, rules) => {
    expect(pinOf('jq', rules)).toBeNull();
  });

  it.each<Presence>(['required', 'optional'])('takes the revision that a snap has where it is %s', (presence) => {
    expect(pinOf('jq', [rule('a/s=1', presence, 7)])).toEqual({ revision: 7, sets: ['a/s=1'] });
  });

  it('names all sets that agree on a revision, and none that has none', () => {
    const rules = [rule('a/s=1', 'required', 7), rule('b/t=2', 'optional'), rule('c/u=3', 'optional', 7)];
    expect(pinOf('jq', rules)).toEqual({ revision: 7, sets: ['a/s=1', 'c/u=3'] });
  });

  it('refuses a snap that one of them forbids', () => {
    const rules = [rule('b/t=2', 'optional', 4), rule('a/s=1', 'invalid')];
    expect(() => pinOf('jq', rules)).toThrow(SnapRuledOutError);
    expect(() => pinOf('jq', rules)).toThrow('validation set a/s=1 says that snap jq must not be there');
  });

  it('names both sets that cannot hold together', () => {
    const revisions = [rule('a/s=1', 'required', 7), rule('b/t=2', 'optional', 8)];
    expect(() => pinOf('jq', revisions)).toThrow(ValidationSetConflictError);
    expect(() => pinOf('jq', revisions)).toThrow('a/s=1 pins revision 7, b/t=2 pins revision 8');
    const presences = [rule('a/s=1', 'required', 7), rule('b/t=2', 'invalid')];
    expect(() => pinOf('jq', presences)).toThrow('a/s=1 requires it, b/t=2 forbids it');
  });
});

describe(componentPinsOf.name, () => {
  const withDocs = (docs: PresenceRule): ValidationRule => {
    return { ...rule(docs.set, 'required'), components: new Map([['docs', docs]]) };
  };

  it('makes nothing of sets that let any revision of a component go, or name none', () => {
    const none = { ...rule('a/s=1', 'required', 7), components: new Map() };
    expect(componentPinsOf('jq', [none, withDocs(rule('b/t=2', 'optional'))])).toBeNull();
  });

  it('takes the revision that they agree on', () => {
    const rules = [withDocs(rule('a/s=1', 'required', 3)), withDocs(rule('b/t=2', 'optional', 3))];
    expect(componentPinsOf('jq', rules)).toEqual(new Map([['docs', 3]]));
  });

  it('leaves out one that is forbidden', () => {
    expect(componentPinsOf('jq', [withDocs(rule('a/s=1', 'invalid'))])).toEqual(new Map([['docs', null]]));
  });

  it('names both sets that cannot hold together, and the component', () => {
    const rules = [withDocs(rule('a/s=1', 'required', 3)), withDocs(rule('b/t=2', 'optional', 4))];
    expect(() => componentPinsOf('jq', rules)).toThrow('jq+docs: a/s=1 pins revision 3, b/t=2 pins revision 4');
  });
});
