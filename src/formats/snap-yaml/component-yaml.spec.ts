import { describe, expect, it } from 'vitest';

import { parseComponentYaml, SnapYamlError, type ComponentYaml } from './index.js';

function parse(text: string): ComponentYaml {
  return parseComponentYaml(Buffer.from(text));
}

describe(parseComponentYaml.name, () => {
  it('reads what a component says of itself', () => {
    const text = 'component: editor+docs\ntype: standard\nversion: 1.10\nsummary: Manual\nprovenance: lab-7\n';
    expect(parse(text)).toEqual({
      snapName: 'editor',
      componentName: 'docs',
      type: 'standard',
      version: '1.10',
      summary: 'Manual',
      description: null,
      provenance: 'lab-7',
    });
  });

  it('leaves the version to the snap where it has none', () => {
    expect(parse('component: editor+docs\ntype: kernel-modules\n').version).toBeNull();
  });

  it.each([
    ['type: standard', 'component', 'is missing'],
    ['component: editor\ntype: standard', 'component', 'is not SNAP+NAME'],
    ['component: editor+\ntype: standard', 'component', 'is not SNAP+NAME'],
    ['component: a1+b1+c1\ntype: standard', 'component', 'is not SNAP+NAME'],
    ['component: Editor+docs\ntype: standard', 'component', 'is no snap name'],
    ['component: editor+Docs\ntype: standard', 'component', 'is no snap name'],
    ['component: editor+docs', 'type', 'is missing'],
    ['component: editor+docs\ntype: standard\nversion: a b', 'version', 'is no version'],
  ])('refuses %j', (text, key, reason) => {
    expect(() => parse(text)).toThrow(SnapYamlError);
    expect(() => parse(text)).toThrow(reason);
    expect(() => parse(text)).toThrow(expect.objectContaining({ details: { file: 'component.yaml', key } }));
  });
});
