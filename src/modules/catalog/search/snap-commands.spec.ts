import { describe, expect, it } from 'vitest';

import { commandsOf } from './snap-commands.js';

const YAML = [
  'name: tool',
  'version: 1',
  'apps:',
  '  tool: {command: a, aliases: [tl, unwanted]}',
  '  watch: {command: b, daemon: simple, aliases: [w]}',
].join('\n');
const declaration = (headers: object) => ({ headers }) as never;

describe(commandsOf.name, () => {
  it('leaves out services, and aliases that nobody gave out', () => {
    expect(commandsOf(YAML, null)).toEqual({ apps: ['tool'], aliases: [] });
  });

  it('has the aliases of the declaration, of today and of long ago, for apps that there are', () => {
    const aliases = [
      { name: 'new', target: 'tool' },
      { name: 'lost', target: 'gone' },
    ];
    expect(commandsOf(YAML, declaration({ aliases, 'auto-aliases': ['tl', 'w', 'other'] })).aliases).toEqual([
      { name: 'tl', target: 'tool' },
      { name: 'new', target: 'tool' },
    ]);
  });

  it.each(['', 'apps: [', 'name: x\nversion: 1\napps: {"!": {}}'])(
    'has no commands where %j cannot be read',
    (yaml) => {
      expect(commandsOf(yaml, null)).toEqual({ apps: [], aliases: [] });
    },
  );
});
