import { describe, expect, it } from 'vitest';

import { key, SNAP_ID } from '../../../test/support/assertion-samples.js';
import { SIGNED_AT } from '../../../test/support/authority.js';
import { signAssertion } from '../assertion/index.js';
import {
  readValidationSetFile,
  type ValidationSet,
  ValidationSetFileError,
  validationSetHeaders,
  validationSetOf,
  validationSetTitle,
} from './index.js';

const OTHER_ID = 'b'.repeat(32);

const SET: ValidationSet = {
  accountId: 'acme',
  name: 'classroom',
  sequence: 3,
  revision: 2,
  snaps: [
    {
      name: 'editor',
      snapId: SNAP_ID,
      presence: 'required',
      revision: 6,
      components: [
        { name: 'docs', presence: 'required', revision: 1 },
        { name: 'fonts', presence: 'optional', revision: null },
      ],
    },
    { name: 'games', snapId: OTHER_ID, presence: 'invalid', revision: null, components: [] },
  ],
};

describe('a validation set', () => {
  it('is the same after it was signed', () => {
    const headers = { 'authority-id': 'acme', ...validationSetHeaders(SET), timestamp: SIGNED_AT.toISOString() };
    const assertion = signAssertion({ type: 'validation-set', headers, key, signedAt: SIGNED_AT });
    expect(validationSetOf(assertion)).toEqual(SET);
    expect(validationSetTitle(SET)).toBe('acme/classroom=3');
  });

  it('requires a snap of which it says nothing else, and components in both forms', () => {
    const headers = {
      ...validationSetHeaders(SET),
      'authority-id': 'acme',
      snaps: [{ name: 'editor', id: SNAP_ID, components: { docs: 'optional', fonts: { presence: 'invalid' } } }],
      timestamp: SIGNED_AT.toISOString(),
    };
    const assertion = signAssertion({ type: 'validation-set', headers, key, signedAt: SIGNED_AT });
    expect(validationSetOf(assertion).snaps).toEqual([
      {
        name: 'editor',
        snapId: SNAP_ID,
        presence: 'required',
        revision: null,
        components: [
          { name: 'docs', presence: 'optional', revision: null },
          { name: 'fonts', presence: 'invalid', revision: null },
        ],
      },
    ]);
  });
});

describe(readValidationSetFile.name, () => {
  const read = (text: string) => readValidationSetFile(text, 'set.yaml');

  it('reads all that an assertion can say', () => {
    const text = `
account-id: acme
name: classroom
sequence: 3
revision: 2
snaps:
  - name: editor
    id: ${SNAP_ID}
    presence: required
    revision: 6
    components:
      docs: {presence: required, revision: 1}
      fonts: optional
  - {name: games, id: ${OTHER_ID}, presence: invalid}
`;
    expect(read(text)).toEqual(SET);
    expect(read(JSON.stringify({ name: 'classroom', snaps: [{ name: 'editor' }] }))).toEqual({
      accountId: null,
      name: 'classroom',
      sequence: null,
      revision: null,
      snaps: [{ name: 'editor', snapId: null, presence: 'required', revision: null, components: [] }],
    });
  });

  it.each([
    ['{', 'the file is not YAML: '],
    ['just words', 'the file is not a map'],
    ['name: x', 'the file has no "snaps"'],
    ['{name: x, snaps: []}', 'the file lists no snaps'],
    ['{name: x, snaps: jq}', 'snaps is not a list'],
    ['{snaps: [{name: jq}]}', 'the file has no "name"'],
    ['{name: X, snaps: [{name: jq}]}', 'name is no name of a validation set'],
    ['{name: x, snap: [], snaps: [{name: jq}]}', 'the file has "snap", which is none of account-id, name, '],
    ['{name: x, account-id: "a b", snaps: [{name: jq}]}', 'account-id is no account id'],
    ['{name: x, sequence: 0, snaps: [{name: jq}]}', 'sequence is out of range'],
    ['{name: x, sequence: 1.5, snaps: [{name: jq}]}', 'sequence is not a whole number'],
    ['{name: x, sequence: 9999999999, snaps: [{name: jq}]}', 'sequence is out of range'],
    ['{name: x, snaps: [{id: y}]}', 'snaps[0] has no "name"'],
    ['{name: x, snaps: [{name: jq}, {name: J}]}', 'snaps[1] has the name "J", which no snap has'],
    ['{name: x, snaps: [{name: jq, id: y}]}', 'snaps[0] has the id "y", which is no snap-id'],
    ['{name: x, snaps: [{name: jq, presence: maybe}]}', 'snaps[0].presence is none of required, optional, invalid'],
    ['{name: x, snaps: [{name: jq, presence: invalid, revision: 1}]}', 'snaps[0] is invalid, and pins a revision'],
    ['{name: x, snaps: [{name: jq, revision: [1]}]}', 'snaps[0].revision is not a text'],
    ['{name: x, snaps: [{name: jq}, {name: jq}]}', 'the file lists the same snap twice: jq'],
    [
      `{name: x, snaps: [{name: jq, id: ${SNAP_ID}}, {name: yq, id: ${SNAP_ID}}]}`,
      'the file lists the same snap twice',
    ],
    ['{name: x, snaps: [{name: jq, components: [docs]}]}', 'snaps[0].components is not a map'],
    ['{name: x, snaps: [{name: jq, components: {Docs: required}}]}', 'snaps[0].components.Docs is no name of a'],
    ['{name: x, snaps: [{name: jq, components: {docs: {rev: 1}}}]}', 'snaps[0].components.docs has "rev", which is'],
    ['{name: x, snaps: &a [{name: jq, components: *a}]}', 'the file is not plain YAML'],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => read(text)).toThrow(ValidationSetFileError);
    expect(() => read(text)).toThrow(`set.yaml: ${message}`);
  });
});
