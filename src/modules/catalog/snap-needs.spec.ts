import { describe, expect, it } from 'vitest';

import { snapNeeds } from './snap-needs.js';

const names = (yaml: string): string[] => [...snapNeeds(yaml).keys()];

describe(snapNeeds.name, () => {
  it.each([
    ['name: jq\nbase: core22\n', ['core22', 'snapd']],
    ['name: jq\n', ['core', 'snapd']],
    ['name: jq\nbase: none\n', ['snapd']],
    ['name: core22\ntype: base\n', []],
    ['name: snapd\ntype: snapd\n', []],
    ['name: pc-kernel\ntype: kernel\n', []],
    ['name: pc\ntype: gadget\nbase: core22\n', ['core22', 'snapd']],
  ])('of %j are %j', (yaml, needed) => {
    expect(names(yaml)).toEqual(needed);
  });

  it('count the providers that content plugs name', () => {
    const yaml = [
      'name: app',
      'base: core22',
      'plugs:',
      '  themes: {interface: content, target: $SNAP/t, default-provider: gtk-common-themes}',
      '  old: {interface: content, target: $SNAP/o, default-provider: "gnome:slot"}',
      '  network:',
      '  home: null',
    ].join('\n');
    expect(names(yaml)).toEqual(['core22', 'snapd', 'gtk-common-themes', 'gnome']);
  });

  it.each(['', '[', '- a', 'plugs: 5', 'plugs: [a]', 'base: 5'])('survive %j', (yaml) => {
    expect(snapNeeds(yaml)).toBeInstanceOf(Map);
  });
});
