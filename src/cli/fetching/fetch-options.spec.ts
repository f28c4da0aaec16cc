import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { encodeAssertionStream } from '../../formats/assertion/index.js';
import { holdingsOfInventory, writeInventory, type StoreInventory } from '../../formats/inventory/index.js';
import { Channel, InvalidChannelError } from '../../kernel/channel.js';
import { newSigner, packBundle, sha3, testBundle, unpackBundle } from '../../../test/support/bundles.js';
import { TestAuthority, testSnapId } from '../../../test/support/test-authority.js';
import { UsageError } from '../cli.errors.js';
import { readFetchRequest, type WhatToFetch } from './fetch-options.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fetch-options-'));
});
afterAll(() => rm(folder, { recursive: true }));

const NO_FLAGS: WhatToFetch = {
  channel: [],
  architecture: [],
  arch: [],
  forModel: [],
  forValidationSet: [],
  prerequisites: true,
  since: [],
};

const read = (names: readonly string[], flags: Partial<WhatToFetch> = {}, machine = 'x64') =>
  readFetchRequest(names, { ...NO_FLAGS, ...flags }, machine, new AbortController().signal);

async function file(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const authority = TestAuthority.create('brand');
const model = authority.sign('model', {
  series: '16',
  'brand-id': 'brand',
  model: 'box',
  architecture: 'arm64',
  kernel: 'pc-kernel',
  gadget: 'pc',
});

describe('the flags', () => {
  it('are about every snap that is named, for machines like this one where they say nothing', async () => {
    const request = await read(['jq', 'app+docs'], { channel: ['stable', '2.0/edge'] });
    expect(request.packages.map(({ name, components, channels }) => ({ name, components, channels }))).toEqual([
      { name: 'jq', components: null, channels: ['stable', '2.0/edge'] },
      { name: 'app', components: ['docs'], channels: ['stable', '2.0/edge'] },
    ]);
    expect(request).toMatchObject({
      architectures: ['amd64'],
      areArchitecturesSaid: false,
      packing: 'shared',
      withPrerequisites: true,
    });
  });

  it('have two names for an architecture', async () => {
    const request = await read(['jq'], { architecture: ['arm64', 'amd64'], arch: ['amd64', 's390x'] });
    expect(request).toMatchObject({ architectures: ['arm64', 'amd64', 's390x'], areArchitecturesSaid: true });
  });

  it('are beside the packages of a file', async () => {
    const yaml = await file('snaps.yaml', 'packages: [{name: core22, revision: 7}]');
    const { packages } = await read(['jq'], { fromYaml: yaml, standalone: true });
    expect(packages.map(({ name, revision }) => [name, revision])).toEqual([
      ['jq', null],
      ['core22', 7],
    ]);
  });

  it('name models by file, whose devices it is for then, and which may bring what signed them', async () => {
    const path = await file('box.model', encodeAssertionStream([...authority.roots, model]));
    const request = await read([], { forModel: [path] });
    expect(request.architectures).toEqual(['arm64']);
    expect(request.models[0]?.model.isSameAs(model)).toBe(true);
    expect(request.models[0]?.others.map(({ type }) => type.name)).toEqual(['account', 'account-key']);
    expect((await read([], { forModel: [path], arch: ['amd64'] })).architectures).toEqual(['amd64']);
  });

  it('name validation sets by account and name, perhaps with a sequence', async () => {
    const { validationSets } = await read([], { forValidationSet: ['acme/tested', 'acme/tested=12'] });
    expect(validationSets).toEqual([
      { accountId: 'acme', name: 'tested', sequence: null },
      { accountId: 'acme', name: 'tested', sequence: 12 },
    ]);
  });

  it.each([
    ['nothing', [], {}, 'nothing to fetch is named'],
    ['two ways to pack', ['jq'], { standalone: true, singleBundle: true }, 'do not go together'],
    ['a revision for two', ['jq', 'core22'], { revision: 6 }, '--revision goes with one snap'],
    ['a cohort for two', ['jq', 'core22'], { cohort: 'key' }, '--cohort goes with one snap'],
    ['a revision for none', [], { revision: 6, forValidationSet: ['acme/tested'] }, '--revision goes with one snap'],
    ['another architecture', ['jq'], { arch: ['x64'] }, '"x64" is no architecture'],
    ['half a validation set', [], { forValidationSet: ['tested'] }, 'is not ACCOUNT/NAME'],
    ['sequence nought', [], { forValidationSet: ['acme/tested=0'] }, 'is not ACCOUNT/NAME'],
    ['more than a validation set', [], { forValidationSet: ['acme/tested/x'] }, 'is not ACCOUNT/NAME'],
  ] as const)('do not say %s', async (_, names, flags, problem) => {
    await expect(read(names, flags)).rejects.toThrow(problem);
    await expect(read(names, flags)).rejects.toThrow(UsageError);
  });

  it('say an architecture where this machine has none that snaps have', async () => {
    await expect(read(['jq'], {}, 'mips')).rejects.toThrow('say --architecture');
    expect((await read(['jq'], { arch: ['amd64'] }, 'mips')).architectures).toEqual(['amd64']);
  });

  it.each(['1.0/nothing', 'stable/a/b'])('do not say channel %s', async (channel) => {
    await expect(read(['jq'], { channel: [channel] })).rejects.toThrow(InvalidChannelError);
  });

  it('name one model for each file', async () => {
    const none = await file('none.model', encodeAssertionStream(authority.roots));
    await expect(read([], { forModel: [none] })).rejects.toThrow('has to hold one model assertion, and holds 0');
  });
});

describe('--since', () => {
  const bundle = testBundle({
    snaps: [
      {
        name: 'jq',
        snapId: testSnapId('jq'),
        revisions: [{ revision: 6, content: Buffer.from('jq'), channels: ['latest/stable'] }],
      },
    ],
    signer: newSigner(),
  });
  const inventory: StoreInventory = {
    format: 1,
    created: '2026-01-02T03:04:05Z',
    tool: { name: 'snap-store-proxy', version: '0' },
    storeId: null,
    snaps: [
      {
        snapId: testSnapId('jq'),
        name: 'jq',
        defaultTrack: null,
        channelMap: [{ architecture: 'amd64', channel: Channel.parse('stable'), revision: 5, releasedAt: null }],
        revisions: [
          {
            revision: 5,
            digest: sha3(Buffer.from('5')),
            size: 1,
            version: '5',
            architectures: ['amd64'],
            components: [],
          },
        ],
        components: [],
      },
    ],
    media: [],
  };

  it('takes inventories, bundles, unpacked bundles and folders of them', async () => {
    const told = await file('inventory.json', await writeInventory(inventory, newSigner()));
    await file('jq.tar.gz', await packBundle(bundle));
    await unpackBundle(bundle, join(folder, 'unpacked'));
    const since = [join(folder, 'jq.tar.gz'), told, join(folder, 'unpacked')];
    const request = await read(['jq'], { since });
    expect(request.since.map(({ source, revisions }) => [source, revisions.map(({ revision }) => revision)])).toEqual([
      [told, [5]],
      [join(folder, 'jq.tar.gz'), [6]],
      [join(folder, 'unpacked'), [6]],
    ]);
    expect(request.since[0]).toEqual(holdingsOfInventory(told, inventory));
    expect(request.since[1]?.releases.map(({ channel, revision }) => `${channel.toString()} ${revision}`)).toEqual([
      'latest/stable 6',
    ]);
  });

  it('takes nothing whose signature does not hold', async () => {
    const signed = (await writeInventory(inventory, newSigner())).toString();
    const path = await file('forged.json', signed.replace('"revision":5', '"revision":4'));
    await expect(read(['jq'], { since: [path] })).rejects.toThrow('forged.json');
  });

  it('names the file that is missing, or tells of no store', async () => {
    await expect(read(['jq'], { since: [join(folder, 'nowhere')] })).rejects.toThrow('nowhere');
    const path = await file('words.txt', 'words');
    await expect(read(['jq'], { since: [path] })).rejects.toThrow('words.txt');
    await file('jq_6.assert', '');
    const snap = await file('jq_6.snap', 'words');
    await expect(read(['jq'], { since: [snap] })).rejects.toThrow('neither a bundle nor an inventory');
  });
});
