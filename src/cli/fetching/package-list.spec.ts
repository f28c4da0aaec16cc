import { describe, expect, it } from 'vitest';

import { PackageListInvalidError, parsePackageList } from './package-list.js';

const parse = (text: string) => parsePackageList(text, 'snaps.yaml');

describe('a list of packages', () => {
  it("has the original's keys, and a name may come again", () => {
    const list = parse(
      [
        'packages:',
        '  - name: jq',
        '  - name: core22',
        '    revision: 1722',
        '    push_channel: 2.0',
        '  - {name: core22, channels: [stable, 2.0/edge], architectures: [amd64, arm64]}',
        '  - name: app+docs+docs+extra',
        '    channels: edge',
      ].join('\n'),
    );
    const plain = {
      components: null,
      channels: [],
      architectures: null,
      revision: null,
      cohortKey: null,
      pushChannel: null,
    };
    expect(list).toEqual([
      { ...plain, name: 'jq' },
      { ...plain, name: 'core22', revision: 1722, pushChannel: '2.0' },
      { ...plain, name: 'core22', channels: ['stable', '2.0/edge'], architectures: ['amd64', 'arm64'] },
      { ...plain, name: 'app', components: ['docs', 'extra'], channels: ['edge'] },
    ]);
  });

  it('may be JSON, and may leave a value empty', () => {
    expect(parse('{"packages": [{"name": "jq", "revision": 6, "push_channel": ""}]}')[0]).toMatchObject({
      revision: 6,
      pushChannel: null,
    });
  });

  it.each([
    ['packages: [', 'is not YAML'],
    ['packages: [&jq {name: jq}, *jq]', 'the file is not plain YAML'],
    ['- jq', 'the file has to be a mapping with packages'],
    ['packages: jq', 'packages has to be a list'],
    ['packages: []', 'the file names no packages'],
    ['{}', 'the file names no packages'],
    ['snaps: [{name: jq}]', 'the file has "snaps", and knows: packages'],
    ['packages: [jq]', 'packages[0] has to be a mapping with name, revision'],
    ['packages: [{revision: 6}]', 'packages[0] has no name'],
    ['packages: [{name: JQ}]', 'packages[0].name does not fit: "JQ" is not a snap name'],
    ['packages: [{name: [jq]}]', 'packages[0].name has to be a text'],
    ['packages: [{name: jq}, {name: jq, revison: 6}]', 'packages[1] has "revison", and knows: name, revision'],
    ['packages: [{name: jq, revision: x1}]', 'packages[0].revision does not fit: "x1" is not a revision'],
    ['packages: [{name: jq, revision: 0}]', 'is not a revision'],
    ['packages: [{name: jq, revision: 9999999999}]', 'is not a revision'],
    ['packages: [{name: jq, channels: [a/b]}]', 'packages[0].channels[0] does not fit'],
    ['packages: [{name: jq, push_channel: a/b}]', 'packages[0].push_channel does not fit'],
    [
      'packages: [{name: jq, architectures: [x64]}]',
      'packages[0].architectures[0] does not fit: "x64" is none of amd64',
    ],
    [
      'packages: [{name: jq, push_channel: mine, channels: [stable, edge]}]',
      'packages[0] has a push_channel, and several',
    ],
  ])('is refused as %j', (text, problem) => {
    expect(() => parse(text)).toThrow(PackageListInvalidError);
    expect(() => parse(text)).toThrow(problem);
  });
});
