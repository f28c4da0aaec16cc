import { describe, expect, it } from 'vitest';

import { parseSnapYaml, SnapYamlError, type SnapYaml } from './index.js';

const MINIMAL = "name: jq\nversion: '1'\n";

function parse(text: string): SnapYaml {
  return parseSnapYaml(Buffer.from(text));
}

describe(parseSnapYaml.name, () => {
  it('fills in what snapd fills in', () => {
    expect(parse(MINIMAL)).toEqual({
      name: 'jq',
      version: '1',
      type: 'app',
      architectures: ['all'],
      base: null,
      epoch: { read: [0], write: [0] },
      confinement: 'strict',
      grade: 'stable',
      title: null,
      summary: null,
      description: null,
      license: null,
      provenance: null,
      assumes: [],
      links: {},
      apps: [],
      hooks: [],
      plugs: [],
      slots: [],
      components: [],
    });
  });

  it('reads what a store serves', () => {
    const yaml = parse(`
name: editor
version: 1.10
type: app
base: core22
architectures: [amd64, arm64]
assumes: [snapd2.55, command-chain]
title: The Editor
summary: Edits
description: |
  Edits text.
license: Apache-2.0
provenance: lab-7
epoch: 1*
confinement: classic
grade: devel
links:
  contact: [mailto:a@example.com]
  website: https://example.com
website: https://elsewhere.example.com
source-code: https://example.com/source
apps:
  editor:
    command: bin/editor
    common-id: com.example.editor
    plugs: [home, themes]
    aliases: [ed]
  service: {command: bin/service, daemon: simple, slots: [bus]}
hooks:
  configure: {plugs: [network]}
plugs:
  themes: {interface: content, content: gtk-themes, target: $SNAP/data, default-provider: gtk-common-themes}
  icons: {interface: content, default-provider: 'gtk-common-themes:icons'}
  camera:
  x: x11
slots:
  bus: {interface: dbus, bus: session, name: org.example}
components:
  docs: {type: standard, summary: Manual}
`);
    expect(yaml).toMatchObject({
      version: '1.10',
      type: 'app',
      base: 'core22',
      architectures: ['amd64', 'arm64'],
      assumes: ['command-chain', 'snapd2.55'],
      title: 'The Editor',
      description: 'Edits text.\n',
      license: 'Apache-2.0',
      provenance: 'lab-7',
      epoch: { read: [0, 1], write: [1] },
      confinement: 'classic',
      grade: 'devel',
      hooks: ['configure'],
    });
    expect(yaml.links).toEqual({
      contact: ['mailto:a@example.com'],
      website: ['https://example.com'],
      'source-code': ['https://example.com/source'],
    });
    expect(yaml.apps).toEqual([
      { name: 'editor', aliases: ['ed'], commonId: 'com.example.editor', daemon: null },
      { name: 'service', aliases: [], commonId: null, daemon: 'simple' },
    ]);
    expect(yaml.plugs).toEqual([
      { name: 'themes', interface: 'content', content: 'gtk-themes', defaultProvider: 'gtk-common-themes' },
      { name: 'icons', interface: 'content', content: 'icons', defaultProvider: 'gtk-common-themes' },
      { name: 'camera', interface: 'camera', content: null, defaultProvider: null },
      { name: 'x', interface: 'x11', content: null, defaultProvider: null },
      { name: 'home', interface: 'home', content: null, defaultProvider: null },
      { name: 'network', interface: 'network', content: null, defaultProvider: null },
    ]);
    expect(yaml.slots).toEqual([{ name: 'bus', interface: 'dbus', content: null }]);
    expect(yaml.components).toEqual([{ name: 'docs', type: 'standard', summary: 'Manual', description: null }]);
  });

  it.each([
    ['1.0', '1.0'],
    ['1.10', '1.10'],
    ['0x10', '0x10'],
    ['1e3', '1e3'],
    ['2024-01-01', '2024-01-01'],
    ['yes', 'yes'],
    ["'1.0'", '1.0'],
  ])('takes the version %s as it is written', (written, version) => {
    expect(parse(`name: jq\nversion: ${written}\n`).version).toBe(version);
  });

  it.each([
    ['application', 'app'],
    ['app', 'app'],
    ['gadget', 'gadget'],
    ['kernel', 'kernel'],
    ['base', 'base'],
    ['os', 'os'],
    ['snapd', 'snapd'],
  ])('reads type %s as %s', (written, type) => {
    expect(parse(`${MINIMAL}type: ${written}\n`).type).toBe(type);
  });

  it.each([
    ['snapd', 'snapd'],
    ['core', 'os'],
    ['ubuntu-core', 'os'],
    ['core22', 'app'],
  ])('takes %s without a type for type %s', (name, type) => {
    expect(parse(`name: ${name}\nversion: 1\n`).type).toBe(type);
  });

  it.each([
    ['amd64', ['amd64']],
    ['[all]', ['all']],
    ['[]', ['all']],
    ['[amd64, amd64]', ['amd64']],
    ['[{build-on: [amd64], run-on: [amd64, i386]}, {build-on: arm64}]', ['amd64', 'i386', 'arm64']],
    ['[{build-on: amd64, build-for: riscv64}]', ['riscv64']],
  ])('reads architectures %s', (written, architectures) => {
    expect(parse(`${MINIMAL}architectures: ${written}\n`).architectures).toEqual(architectures);
  });

  it.each([
    ['3', [3], [3]],
    ['{read: [1, 2], write: [2]}', [1, 2], [2]],
    ['{write: [2]}', [2], [2]],
    ['', [0], [0]],
  ])('reads epoch %s', (written, read, write) => {
    expect(parse(`${MINIMAL}epoch: ${written}\n`).epoch).toEqual({ read, write });
  });

  it('takes keys that say nothing for missing ones', () => {
    const nothing = ['base', 'title', 'license', 'apps', 'plugs', 'links', 'epoch', 'architectures', 'confinement'];
    expect(parse(MINIMAL + nothing.map((key) => `${key}:\n`).join(''))).toEqual(parse(MINIMAL));
  });

  it('follows aliases and merges, as YAML writers leave them', () => {
    const yaml = parse(
      `${MINIMAL}x-all: &all {common-id: org.x, daemon: simple}\napps:\n  a: {<<: *all, daemon: notify}\n`,
    );
    expect(yaml.apps).toEqual([{ name: 'a', aliases: [], commonId: 'org.x', daemon: 'notify' }]);
  });

  it('takes the last of two below the top level, as snapd does', () => {
    const yaml = parse(`${MINIMAL}apps: {a: {daemon: simple}, a: {daemon: notify, daemon: oneshot}}`);
    expect(yaml.apps).toEqual([{ name: 'a', aliases: [], commonId: null, daemon: 'oneshot' }]);
  });

  it('lets the old core snap have a plug and a slot of one name', () => {
    const pair = 'plugs: {network-bind: }\nslots: {network-bind: }\n';
    expect(parse(`name: core\nversion: 1\ntype: os\n${pair}`).plugs).toHaveLength(1);
    expect(() => parse(MINIMAL + pair)).toThrow('"plugs" and slots both have "network-bind"');
  });

  it.each([
    ['version: 1', 'name', 'is missing'],
    ['name: jq', 'version', 'is missing'],
    ['name: Jq\nversion: 1', 'name', 'is no snap name: "Jq"'],
    ['name: [jq]\nversion: 1', 'name', 'is not a text'],
    ['name: jq\nversion: a b', 'version', 'is no version: "a b"'],
    ['name: jq\nversion: -1', 'version', 'is no version: "-1"'],
    [`name: jq\nversion: ${'1'.repeat(33)}`, 'version', 'is no version'],
    [`${MINIMAL}type: appp`, 'type', 'is "appp", not one of'],
    [`${MINIMAL}confinement: loose`, 'confinement', 'not one of strict, classic, devmode'],
    [`${MINIMAL}architectures: ['../x']`, 'architectures', 'cannot have "../x"'],
    [`${MINIMAL}architectures: [[amd64]]`, 'architectures', 'is no architecture'],
    [`${MINIMAL}base: Core`, 'base', 'is no snap name'],
    [`${MINIMAL}type: base\nbase: core22`, 'base', 'must not be there on a snap of type base'],
    [`${MINIMAL}base: none\napps: {a: {}}`, 'base', 'is "none", but there are apps or hooks'],
    [`${MINIMAL}epoch: 0*`, 'epoch', 'is no epoch'],
    [`${MINIMAL}epoch: {read: [a]}`, 'epoch', 'is no epoch'],
    [`${MINIMAL}title: ${'t'.repeat(41)}`, 'title', 'is longer than 40 characters'],
    [`${MINIMAL}summary: ${'s'.repeat(129)}`, 'summary', 'is longer than 128 characters'],
    [`${MINIMAL}description: ${'d'.repeat(4097)}`, 'description', 'is longer than 4096 characters'],
    [`${MINIMAL}provenance: global-upload`, 'provenance', 'must not say global-upload'],
    [`${MINIMAL}provenance: a--b`, 'provenance', 'cannot be "a--b"'],
    [`${MINIMAL}assumes: snapd2.55`, 'assumes', 'is not a list'],
    [`${MINIMAL}assumes: [[a]]`, 'assumes', 'has something in it that is not a text'],
    [
      `${MINIMAL}architectures: [${Array.from({ length: 33 }, (_, n) => `a${n}`).join()}]`,
      'architectures',
      'more than 32',
    ],
    [`${MINIMAL}links: {'-x': [https://x]}`, 'links.-x', 'cannot be a kind of link'],
    [`${MINIMAL}links: {website: []}`, 'links.website', 'is empty'],
    [`${MINIMAL}links: {website: ['ftp://x']}`, 'links.website', 'is no web or mail address'],
    [`${MINIMAL}links: {contact: [nobody]}`, 'links.contact', 'is no web or mail address'],
    [`${MINIMAL}apps: [a]`, 'apps', 'is not a map'],
    [`${MINIMAL}apps: {a_b: {}}`, 'apps.a_b', 'cannot be the name of an app'],
    [`${MINIMAL}apps: {a: {aliases: ['-x']}}`, 'apps.a.aliases', 'cannot have "-x"'],
    [`${MINIMAL}apps: {a: {aliases: [x]}, b: {aliases: [x]}}`, 'apps.b', 'has the alias "x" of a'],
    [`${MINIMAL}apps: {a: {common-id: x}, b: {common-id: x}}`, 'apps.b', 'has the common-id "x" of a'],
    [`${MINIMAL}plugs: {Net: }`, 'plugs.Net', 'cannot be the name of a plug or slot'],
    [`${MINIMAL}plugs: {net: {interface: N}}`, 'plugs.net', 'has no interface: "N"'],
    [`${MINIMAL}apps: {a: {plugs: [Net]}}`, 'apps.a.plugs', 'cannot name "Net"'],
    [`${MINIMAL}components: {docs: {}}`, 'components.docs.type', 'is missing'],
    [`${MINIMAL}components: {Docs: {type: standard}}`, 'components.Docs', 'is no snap name'],
    [`${MINIMAL}name: yq`, 'name', 'is there twice'],
    [`${MINIMAL}x: *nothing`, 'x', 'is an alias of nothing'],
    [`${MINIMAL}x: {<<: [a]}`, 'x', 'merges something that is not a map'],
    [`${MINIMAL}? [a]\n: b`, '', 'has a key that is no text'],
    ['- name: jq', '', 'is not a map of keys'],
    ['', '', 'is not a map of keys'],
    ['name: "jq', '', 'is not YAML'],
  ])('refuses %j, naming the key', (text, key, reason) => {
    expect(() => parse(text)).toThrow(SnapYamlError);
    expect(() => parse(text)).toThrow(reason);
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'invalid-snap-yaml', details: { file: 'snap.yaml', key } }),
    );
  });

  it('counts characters as snapd does, one for each code point', () => {
    expect(parse(`${MINIMAL}title: ${'🐧'.repeat(40)}`).title).toBe('🐧'.repeat(40));
    expect(() => parse(`${MINIMAL}title: ${'🐧'.repeat(41)}`)).toThrow('longer than 40');
  });

  it.each([
    ['a file of more than 1 MiB', `${MINIMAL}#${'x'.repeat(1024 * 1024)}`, 'is larger than 1048576 bytes'],
    ['deep nesting in brackets', `${MINIMAL}x: ${'['.repeat(50)}${']'.repeat(50)}`, 'is nested too deep'],
    ['very deep nesting', `${MINIMAL}x: ${'['.repeat(20_000)}`, 'is not YAML'],
    [
      'too many anchors',
      MINIMAL + Array.from({ length: 2501 }, (_, index) => `k${index}: &a${index} x`).join('\n'),
      'anchors',
    ],
    ['too many directives', `${'%A\n'.repeat(2501)}---\n${MINIMAL}`, 'anchors'],
    [
      'aliases that unfold',
      `${MINIMAL}a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n` +
        Array.from({ length: 6 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(10)}]`).join(
          '\n',
        ),
      'has more than 50000 values',
    ],
    ['an alias of itself', `${MINIMAL}x: &x [*x]`, 'nested too deep'],
    ['bytes that are no UTF-8', '', 'is not UTF-8'],
  ])('refuses %s', (what, text, reason) => {
    const bytes = what.includes('UTF-8') ? Buffer.concat([Buffer.from(MINIMAL), Buffer.of(0xff)]) : Buffer.from(text);
    expect(() => parseSnapYaml(bytes)).toThrow(SnapYamlError);
    expect(() => parseSnapYaml(bytes)).toThrow(reason);
  });
});
