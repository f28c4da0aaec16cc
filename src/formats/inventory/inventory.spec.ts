import { describe, expect, it } from 'vitest';

import { newSigner, sha3, signatureFile } from '../../../test/support/bundles.js';
import { Channel } from '../../kernel/channel.js';
import { canonicalJson, type Json } from '../bundle/index.js';
import {
  holdingsOfInventory,
  INVENTORY_LIMITS,
  type InventorySnap,
  looksLikeInventory,
  readInventory,
  type StoreInventory,
  writeInventory,
} from './index.js';

const digest = sha3(Buffer.from('six'));
const componentDigest = sha3(Buffer.from('component'));
const icon = sha3(Buffer.from('icon'));

const jq: InventorySnap = {
  snapId: 'j'.repeat(32),
  name: 'jq',
  defaultTrack: '1.7',
  channelMap: [
    { architecture: 'arm64', channel: Channel.parse('1.7/edge/fix'), revision: 6, releasedAt: null },
    { architecture: 'amd64', channel: Channel.parse('stable'), revision: 6, releasedAt: '2025-11-03T09:21:44.130Z' },
  ],
  revisions: [
    {
      revision: 6,
      digest,
      size: 3,
      version: '1.7.1',
      architectures: ['arm64', 'amd64'],
      components: [{ name: 'docs', revision: 2 }],
    },
  ],
  components: [{ name: 'docs', revision: 2, digest: componentDigest, size: 9 }],
};

const inventory: StoreInventory = {
  format: 1,
  created: '2026-01-02T03:04:05Z',
  tool: { name: 'snap-store-proxy', version: '0.0.0-test' },
  storeId: 'mystore',
  snaps: [jq],
  media: [{ digest: icon, size: 4 }],
};

/** As it stands in the file, one field of it changed. */
async function spoiled(change: (top: Record<string, Json>, snap: Record<string, Json>) => void): Promise<Buffer> {
  const top = JSON.parse((await writeInventory(inventory, null)).toString()) as Record<string, Json>;
  change(top, (top.snaps as Record<string, Json>[])[0]!);
  return Buffer.from(canonicalJson(top));
}

describe('an inventory', () => {
  it('comes back as it was written, with who signed it', async () => {
    const signer = newSigner();
    const read = readInventory(await writeInventory(inventory, signer), 'x.jsonl');
    expect(read.signer).toEqual({ keyId: signer.keyId, publicKey: signer.publicKey });
    expect(read.inventory).toMatchObject({ ...inventory, snaps: [{ name: 'jq', defaultTrack: '1.7' }] });
    expect(read.inventory.snaps[0]?.revisions[0]?.digest.equals(digest)).toBe(true);
    expect(await writeInventory(read.inventory, null)).toEqual(await writeInventory(inventory, null));
  });

  it('is one line of canonical JSON, and its signature as bundle.json.sig has it', async () => {
    const signer = newSigner();
    const [line, unsigned] = [await writeInventory(inventory, signer), await writeInventory(inventory, null)];
    expect(unsigned.toString()).toBe(canonicalJson(JSON.parse(unsigned.toString()) as Json));
    expect(line).toEqual(Buffer.concat([unsigned, await signatureFile(unsigned, signer)]));
  });

  it('does not need a signature, and says that it has none', async () => {
    expect(readInventory(await writeInventory(inventory, null), 'x').signer).toBeNull();
  });

  it('tells what the store holds', () => {
    expect(holdingsOfInventory('x.jsonl', inventory)).toEqual({
      source: 'x.jsonl',
      created: '2026-01-02T03:04:05Z',
      revisions: [{ snapId: jq.snapId, name: 'jq', revision: 6, digest }],
      components: [{ snapId: jq.snapId, name: 'docs', revision: 2, digest: componentDigest }],
      media: [icon],
      releases: [
        { snapId: jq.snapId, architecture: 'arm64', channel: Channel.parse('1.7/edge/fix'), revision: 6 },
        { snapId: jq.snapId, architecture: 'amd64', channel: Channel.parse('stable'), revision: 6 },
      ],
    });
  });

  it('of an empty store is one too', async () => {
    const empty = await writeInventory({ ...inventory, storeId: null, snaps: [], media: [] }, null);
    expect(readInventory(empty, 'x').inventory).toMatchObject({ snaps: [], media: [], storeId: null });
  });

  it('ignores fields that it does not know', async () => {
    expect(readInventory(await spoiled((top) => (top.mood = 'good')), 'x').inventory.snaps).toHaveLength(1);
  });

  it('is not written with what a reader would refuse', async () => {
    const stray = { ...jq, revisions: [] };
    await expect(writeInventory({ ...inventory, snaps: [stray] }, null)).rejects.toMatchObject({
      code: 'inventory-invalid',
    });
  });
});

describe(readInventory.name, () => {
  it.each<[string, string, (top: Record<string, Json>, snap: Record<string, Json>) => void]>([
    ['another type', 'not-an-inventory', (top) => (top.type = 'snap-bundle')],
    ['no type', 'not-an-inventory', (top) => delete top.type],
    ['a newer format', 'inventory-version-unsupported', (top) => (top.format = 2)],
    ['a date that is none', 'inventory-invalid', (top) => (top.created = '2026-13-01T00:00:00Z')],
    ['a snap twice', 'inventory-invalid', (top) => (top.snaps = [top.snaps as Json[], top.snaps as Json[]].flat())],
    ['a name twice', 'inventory-invalid', (top, snap) => (top.snaps = [snap, { ...snap, 'snap-id': 'k'.repeat(32) }])],
    [
      'a picture twice',
      'inventory-invalid',
      (top) => (top.media = [(top.media as Json[])[0]!, (top.media as Json[])[0]!]),
    ],
    ['a hostile name', 'inventory-invalid', (_top, snap) => (snap.name = '../jq')],
    ['an abbreviated channel', 'inventory-invalid', (_top, snap) => (release(snap).channel = 'stable')],
    ['an unknown architecture', 'inventory-invalid', (_top, snap) => (release(snap).architecture = 'vax')],
    ['a release of what is not held', 'inventory-invalid', (_top, snap) => (release(snap).revision = 7)],
    ['a pair with what is not held', 'inventory-invalid', (_top, snap) => (snap.components = [])],
    [
      'a channel twice',
      'inventory-invalid',
      (_top, snap) => (snap['channel-map'] = [release(snap), release(snap)] as Json),
    ],
    [
      'a revision twice',
      'inventory-invalid',
      (_top, snap) => (snap.revisions = [(snap.revisions as Json[])[0]!, (snap.revisions as Json[])[0]!]),
    ],
    ['a size of nothing', 'inventory-invalid', (_top, snap) => ((snap.components as { size: number }[])[0]!.size = 0)],
    ['snaps that are no list', 'inventory-invalid', (top) => (top.snaps = {})],
  ])('refuses %s (%s)', async (_what, code, change) => {
    const bytes = await spoiled(change);
    expect(() => readInventory(bytes, 'out.jsonl')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^out\.jsonl: /) as string }),
    );
  });

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'not-an-inventory'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8]), 'not-an-inventory'],
    ['a line without an end', Buffer.from('{"type":"store-inventory"}'), 'inventory-invalid'],
    ['half of an object', Buffer.from('{"type":"store-inventory"\n'), 'inventory-invalid'],
    ['a key twice', Buffer.from('{"type":"store-inventory","type":"store-inventory"}\n'), 'inventory-invalid'],
    ['what is not UTF-8', Buffer.from([0x7b, 0xff, 0x0a]), 'inventory-invalid'],
    ['depth', Buffer.from(`{"type":${'['.repeat(20)}${']'.repeat(20)}}\n`), 'inventory-invalid'],
  ])('refuses %s', (_what, bytes, code) => {
    expect(() => readInventory(bytes, 'x')).toThrow(expect.objectContaining({ code }));
  });

  it('refuses what is larger than allowed, before it is looked into', async () => {
    const bytes = await writeInventory(inventory, null);
    const limit = (limits: Partial<typeof INVENTORY_LIMITS | Record<string, number>>) => () =>
      readInventory(bytes, 'x', { ...INVENTORY_LIMITS, ...limits });
    expect(limit({ bytes: bytes.length - 1 })).toThrow('is larger than');
    expect(limit({ values: 10 })).toThrow('holds more than 10 values');
    expect(limit({ snaps: 0 })).toThrow('snaps has 1 entries');
    expect(limit({ revisionsPerSnap: 0 })).toThrow('revisions has 1 entries');
    expect(limit({ media: 0 })).toThrow('media has 1 entries');
  });

  it.each<[string, (line: string, signature: string) => string, string]>([
    [
      'a changed byte',
      (line, signature) => line.replace('mystore', 'yrstore') + signature,
      'is not a signature of this',
    ],
    ['a cut signature', (line, signature) => line + signature.slice(0, -20), 'is not the second and last line'],
    ['a third line', (line, signature) => `${line}${signature}{}\n`, 'is not the second and last line'],
    ['an empty second line', (line) => `${line}\n`, 'the signature'],
    ['a long second line', (line) => `${line}${' '.repeat(5000)}\n`, 'is larger than 4096 bytes'],
    ['another algorithm', (line, signature) => line + signature.replace('ed25519', 'ed448'), 'is not by the algorithm'],
  ])('refuses %s', async (_what, spoil, reason) => {
    const [line = '', signature = ''] = (await writeInventory(inventory, newSigner())).toString().split(/(?<=\n)/);
    expect(() => readInventory(Buffer.from(spoil(line, signature)), 'x')).toThrow(
      expect.objectContaining({
        code: 'inventory-signature-refused',
        message: expect.stringContaining(reason) as string,
      }),
    );
  });

  it('is asked only for what may be an inventory', async () => {
    expect(looksLikeInventory(await writeInventory(inventory, null))).toBe(true);
    expect(looksLikeInventory(Buffer.from([0x1f, 0x8b]))).toBe(false);
    expect(looksLikeInventory(Buffer.alloc(0))).toBe(false);
  });
});

function release(snap: Record<string, Json>): Record<string, Json> {
  return (snap['channel-map'] as Record<string, Json>[])[0]!;
}
