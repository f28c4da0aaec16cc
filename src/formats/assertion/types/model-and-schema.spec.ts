import { describe, expect, it } from 'vitest';

import { make, PLAIN_SCHEMA, SNAP_ID } from '../../../../test/support/assertion-samples.js';
import { AssertionRefusedError, type HeaderMap } from '../index.js';

describe('the rules of models and storage schemas', () => {
  const pc = { name: 'pc', type: 'gadget', id: SNAP_ID };
  const kernel = { name: 'pc-kernel', type: 'kernel', id: 'b'.repeat(32) };
  const app = { name: 'jq', id: 'c'.repeat(32) };
  it.each<[HeaderMap, RegExp | null]>([
    [{ snaps: [pc, kernel] }, null],
    [
      {
        snaps: [
          pc,
          kernel,
          {
            ...app,
            presence: 'optional',
            modes: ['run', 'recover'],
            components: { comp: { presence: 'required', modes: ['run'] } },
          },
        ],
      },
      null,
    ],
    [{ snaps: [pc, kernel, { ...app, 'default-channel': '22/stable/x' }] }, null],
    [{ base: 'mybase', grade: 'dangerous', snaps: [{ name: 'pc', type: 'gadget' }, kernel] }, null],
    [{ classic: 'true', distribution: 'ubuntu', snaps: [] }, /must specify|mandatory|architecture|base|gadget|kernel/],
    [{ classic: 'true', distribution: 'ubuntu', snaps: [app] }, null],
    [{ snaps: [pc] }, /kernel/],
    [{ snaps: [kernel] }, /gadget/],
    [{ snaps: [pc, pc] }, /multiple/],
    [{ snaps: [pc, { ...kernel, type: 'gadget' }] }, /multiple gadget/],
    [{ snaps: [pc, kernel, { name: 'jq' }] }, /mandatory for signed/],
    [{ snaps: [pc, { ...kernel, presence: 'optional' }] }, /essential/],
    [{ snaps: [pc, { ...kernel, modes: ['run'] }] }, /essential/],
    [{ snaps: [pc, kernel, { ...app, type: 'nonsense' }] }, /must be one of/],
    [{ snaps: [pc, kernel, { ...app, 'default-channel': 'stable' }] }, /specify a track/],
    [{ snaps: [pc, kernel, { ...app, 'default-channel': '22/quiet' }] }, /invalid default channel/],
    [{ snaps: [pc, kernel, { ...app, classic: 'true' }] }, /non-classic model/],
    [
      { snaps: [pc, kernel, { ...app, components: { comp: { presence: 'required', modes: ['recover'] } } }] },
      /incompatible/,
    ],
    [{ snaps: [pc, kernel, { ...app, components: { comp: { presence: 'required', x: 'y' } } }] }, /is unknown/],
    [{ base: 'mybase', snaps: [pc, kernel] }, /not well-known base/],
    [{ base: 'jq', snaps: [pc, kernel, app] }, /must specify type "base"/],
    [{ grade: 'shiny', snaps: [pc, kernel] }, /grade/],
    [{ grade: 'secured', 'storage-safety': 'prefer-encrypted', snaps: [pc, kernel] }, /secured/],
    [{ 'required-snaps': ['jq'], snaps: [pc, kernel] }, /cannot have "required-snaps"/],
  ])('extended models: %j', (change, why) => {
    const build = () => make('model', { gadget: undefined, kernel: undefined, base: 'core22', ...change });
    if (why === null) expect(build().type.name).toBe('model');
    else expect(build).toThrow(why);
  });

  it.each<[unknown, RegExp | null]>([
    [
      {
        schema: {
          a: 'string',
          b: { type: 'array', unique: true, values: 'int' },
          c: { keys: 'string', values: 'any' },
        },
      },
      null,
    ],
    [
      {
        aliases: { k: { type: 'string', choices: ['x'] } },
        schema: { a: { keys: '${k}', values: '${k}' }, b: ['int', 'bool'] },
      },
      null,
    ],
    [{ schema: { a: { schema: { b: 'map-ish' } } } }, /cannot parse type/],
    [{ schema: { a: { keys: '$k', values: 'int' } } }, /keys must be based on string/],
    [{ schema: { a: { keys: 'int', values: 'int' } } }, /keys must be based on string/],
    [{ schema: { a: '${missing}' } }, /cannot find alias/],
    [{ aliases: { k: '${k}' }, schema: { a: '${k}' } }, /made of itself/],
    [{ schema: { a: { type: 'array' } } }, /no "values"/],
    [{ schema: { A: 'int' } }, /is not a key/],
    [{ schema: { a: 'int' }, required: ['b'] }, /no key of the schema/],
    [{ nothing: 'x' }, /no "schema"/],
    ['x', /not a map/],
  ])('storage schemas: %j', (storage, why) => {
    const build = () => make('confdb-schema', {}, JSON.stringify(sorted({ storage }), null, 2));
    if (why === null) expect(build().type.name).toBe('confdb-schema');
    else expect(build).toThrow(why);
  });

  it('look into aliases once, however often they are used', () => {
    const definitions = Array.from({ length: 40 }, (_, index): [string, unknown] => {
      const before = '${' + `a${index - 1}` + '}';
      return [`a${index}`, index === 0 ? 'int' : [before, before]];
    });
    const storage = { aliases: sorted(Object.fromEntries(definitions)), schema: { a: '${a39}' } };
    expect(make('confdb-schema', {}, JSON.stringify({ storage }, null, 2)).type.name).toBe('confdb-schema');
  });

  it.each([
    '',
    '{',
    '{"storage":{"schema":{}}}',
    PLAIN_SCHEMA.replace('  ', ' '),
    `${PLAIN_SCHEMA}\n`,
    '{\n  "b": 1,\n  "a": 2\n}',
    '"<"',
    '{}',
  ])('refuse the JSON body %j', (body) => {
    expect(() => make('confdb-schema', {}, body)).toThrow(AssertionRefusedError);
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([name, entry]) => [name, sorted(entry)]),
  );
}
