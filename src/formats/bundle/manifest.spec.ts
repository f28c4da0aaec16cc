import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { plainMetadata, sha3, smallBundle, testBundle } from '../../../test/support/bundles.js';
import { ARCHITECTURES } from '../../kernel/architecture.js';
import { Channel, RISKS } from '../../kernel/channel.js';
import { Sha3_384 } from '../../kernel/digest.js';
import { BUNDLE_LIMITS, encodeManifest, MEDIA_TYPES, parseManifest, type BundleManifest } from './index.js';
import { canonicalJson, type Json } from './json.js';

describe(encodeManifest.name, () => {
  it('writes the same bytes whatever the order of what has none', () => {
    const { manifest } = smallBundle();
    const [snap] = manifest.snaps;
    if (snap === undefined) throw new Error('no snap');
    const turned = {
      ...manifest,
      snaps: [{ ...snap, channelMap: [...snap.channelMap].reverse(), revisions: [...snap.revisions].reverse() }],
    };
    expect(encodeManifest(turned).equals(encodeManifest(manifest))).toBe(true);
  });

  it('keeps the order that assertions, categories and pictures come in', () => {
    const media = ['one', 'two'].map((text) => ({ bytes: Buffer.from(text), contentType: 'image/png' as const }));
    const uses = media.map(({ bytes }) => ({ type: 'screenshot', digest: sha3(bytes), width: null, height: null }));
    for (const given of [uses, [...uses].reverse()]) {
      const metadata = plainMetadata({ media: given });
      const { manifest } = testBundle({
        snaps: [{ name: 'jq', snapId: 'j'.repeat(32), revisions: [], metadata }],
        media,
      });
      expect(parseManifest(encodeManifest(manifest), 'x').snaps[0]?.metadata?.media).toEqual(given);
    }
  });

  it('is JSON with sorted keys, no blanks and a line feed at the end', () => {
    const text = encodeManifest(smallBundle().manifest).toString();
    expect(text).toMatch(/^\{"assertions":.*"type":"snap-bundle"\}\n$/);
    expect(text).not.toMatch(/[[{,:]\s/);
  });

  it('writes nothing that would not be read', () => {
    const { manifest } = smallBundle();
    const encode = (): Buffer => encodeManifest({ ...manifest, id: 'mine' });
    expect(encode).toThrow('the bundle to be written: bundle.json: id must be a UUID');
  });
});

describe(parseManifest.name, () => {
  it('reads back what was written, whatever it holds', () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const bytes = encodeManifest(manifest);
        const read = parseManifest(bytes, 'x');
        expect(encodeManifest(read).equals(bytes)).toBe(true);
        expect(sorted(read)).toEqual(sorted(manifest));
      }),
      { numRuns: 200 },
    );
  });

  it('reads the example of the specification', async () => {
    const text = await readFile(new URL('../../../docs/bundle-format.md', import.meta.url), 'utf8');
    const example = /### An example\n+```json\n([^]*?)```/.exec(text)?.[1] ?? '';
    expect(parseManifest(Buffer.from(example), 'docs').snaps[0]?.channelMap[0]?.revision).toBe(6);
  });

  it('ignores fields that a later version may have added', () => {
    const { manifest } = smallBundle();
    const json = encodeManifest(manifest).toString().replace(/\{/g, '{"added-later":{"x":[1,null]},');
    const links = json.replace(/"links":\{"added-later":\{"x":\[1,null\]\},/, '"links":{');
    expect(encodeManifest(parseManifest(Buffer.from(links.replaceAll(',}', '}')), 'x'))).toEqual(
      encodeManifest(manifest),
    );
  });

  it('takes absent and null for the same where nothing is required', () => {
    const minimal = {
      type: 'snap-bundle',
      format: 1,
      id: '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11',
      created: '2026-01-02T03:04:05Z',
      tool: { name: 'x', version: '1' },
    };
    const full = { ...minimal, requires: null, snaps: null, media: null, assertions: null, assumes: null };
    const read = [minimal, full].map((json) => parseManifest(Buffer.from(JSON.stringify(json)), 'x'));
    expect(read[0]).toEqual(read[1]);
    expect(read[0]).toMatchObject({ snaps: [], media: [], assertions: [], requires: [] });
  });

  it('accepts assumed revisions, components and pictures in place of carried ones', () => {
    const digest = Sha3_384.fromHex('ab'.repeat(48));
    const one = { snapId: 'j'.repeat(32), name: 'jq', revision: 6, digest };
    const release = {
      architecture: 'amd64',
      channel: Channel.parse('edge'),
      releasedAt: null,
      requested: true,
    } as const;
    const { manifest } = testBundle({
      snaps: [
        {
          name: 'jq',
          snapId: one.snapId,
          revisions: [{ revision: 7, content: Buffer.from('x'), components: [{ name: 'docs', revision: 2 }] }],
          channelMap: [{ ...release, revision: 6 }],
          metadata: plainMetadata({ media: [{ type: 'icon', digest, width: null, height: null }] }),
        },
      ],
      assumes: { revisions: [one], components: [{ ...one, name: 'docs', revision: 2 }], media: [digest] },
    });
    expect(parseManifest(encodeManifest(manifest), 'x').assumes.revisions).toEqual([one]);
  });

  it('refuses more than the limits, whichever is met first', () => {
    const bytes = encodeManifest(smallBundle().manifest);
    const withLimit = (limit: Partial<typeof BUNDLE_LIMITS>): (() => BundleManifest) => {
      return () => parseManifest(bytes, 'x', { ...BUNDLE_LIMITS, ...limit });
    };
    expect(withLimit({ snaps: 0 })).toThrow('snaps has 1 entries; at most 0');
    expect(withLimit({ revisionsPerSnap: 1 })).toThrow('snaps[0].revisions has 2 entries; at most 1');
    expect(withLimit({ channelMapEntriesPerSnap: 2 })).toThrow('snaps[0].channel-map has 3 entries');
    expect(withLimit({ assertionFiles: 1 })).toThrow('assertions has 2 entries');
    expect(withLimit({ mediaFiles: 0 })).toThrow('media has 1 entries');
    expect(withLimit({ snapBytes: 10 })).toThrow('size must be a whole number from 1 to 10');
    expect(withLimit({ manifestBytes: 10 })).toThrow('is larger than 10 bytes');
  });
});

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const written = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength, maxLength });
const digest = written('0123456789abcdef', 96, 96).map((hex) => Sha3_384.fromHex(hex));
const snapId = written(LOWER + LOWER.toUpperCase(), 32, 32);
const snapName = written(LOWER, 1, 20).map((rest) => `a${rest}`);
const revisionNumber = fc.integer({ min: 1, max: 0x7fff_ffff });
const word = written('abc-xyz', 0, 8).map((rest) => `w${rest}`);
const text = fc.string({
  maxLength: 40,
  unit: fc.constantFrom('a', ' ', '"', '\\', '\n', '\t', 'ß', '–', '漢', '🙂', '\u200f', '<', '/'),
});
const url = written(LOWER, 1, 9).map((host) => `https://${host}.example/${host}?q=%20#f`);
const moment = fc.option(
  fc.constantFrom('2026-01-02T03:04:05.678901+00:00', '2019-12-31T23:59:59Z', '2024-02-29T00:00:00-09:30'),
);
const channel = fc
  .tuple(written(LOWER, 1, 8), fc.constantFrom(...RISKS), fc.option(written(LOWER, 1, 8)))
  .map(([track, risk, branch]) => Channel.parse([`v${track}`, risk, ...(branch === null ? [] : [branch])].join('/')));
const publisher = fc.record({ id: snapId, username: snapName, displayName: text, validation: word });
const metadata = fc.record({
  title: fc.option(text),
  summary: fc.option(text),
  description: fc.option(text),
  license: fc.option(text),
  links: fc.dictionary(word, fc.array(url, { maxLength: 2 }), { maxKeys: 3, noNullPrototype: true }),
  categories: fc.array(fc.record({ name: snapName, featured: fc.boolean() }), { maxLength: 3 }),
  website: fc.option(url),
  contact: fc.option(fc.constant('mailto:someone@example.com')),
  storeUrl: fc.option(url),
  private: fc.boolean(),
  publisher: fc.option(publisher),
  media: fc.constant([]),
});
const revision = fc.record({
  revision: revisionNumber,
  digest,
  size: fc.integer({ min: 1, max: 2 ** 38 }),
  version: text,
  architectures: fc.uniqueArray(fc.constantFrom(...ARCHITECTURES), { minLength: 1, maxLength: 4 }),
  createdAt: moment,
  components: fc.constant([]),
});
const component = fc.record({
  name: snapName,
  revision: revisionNumber,
  type: word,
  digest,
  size: fc.integer({ min: 1, max: 2 ** 38 }),
  version: fc.option(text),
  createdAt: moment,
});
const release = fc.record({
  architecture: fc.constantFrom(...ARCHITECTURES, 'all' as const),
  channel,
  revision: fc.nat({ max: 9 }),
  releasedAt: moment,
  requested: fc.boolean(),
});
const snap = fc
  .record({
    snapId,
    name: snapName,
    defaultTrack: fc.option(fc.constantFrom('2.0', 'latest', 'v1')),
    reasons: fc.array(fc.record({ kind: word, of: fc.option(text) }), { maxLength: 3 }),
    channelMap: fc.uniqueArray(release, {
      maxLength: 5,
      selector: (one) => `${one.architecture} ${one.channel.toString()}`,
    }),
    metadata: fc.option(metadata),
    revisions: fc.uniqueArray(revision, { minLength: 1, maxLength: 3, selector: (one) => one.revision }),
    components: fc.uniqueArray(component, { maxLength: 2, selector: (one) => `${one.name} ${one.revision}` }),
  })
  .map((one) => {
    const carried = one.revisions.map(({ revision: number }) => number);
    return {
      ...one,
      channelMap: one.channelMap.map((entry) => ({
        ...entry,
        revision: carried[entry.revision % carried.length] ?? 1,
      })),
    };
  });
const medium = fc.record({
  digest,
  size: fc.integer({ min: 1, max: 1000 }),
  contentType: fc.constantFrom(...MEDIA_TYPES),
});
const assertionFile = fc.record({
  path: snapName.map((name) => `assertions/${name}.assert`),
  digest,
  size: fc.integer({ min: 1, max: 8 << 20 }),
  count: fc.integer({ min: 1, max: 1000 }),
});
const anyManifest: fc.Arbitrary<BundleManifest> = fc.record({
  format: fc.constant(1 as const),
  requires: fc.constant([]),
  id: fc.uuid(),
  created: fc.constantFrom('2026-01-02T03:04:05Z', '2030-12-31T23:59:59Z'),
  tool: fc.record({ name: text, version: text }),
  snaps: fc
    .uniqueArray(snap, { maxLength: 3, selector: (one) => one.snapId })
    .filter((snaps) => new Set(snaps.map(({ name }) => name)).size === snaps.length),
  media: fc.uniqueArray(medium, { maxLength: 3, selector: (one) => one.digest.hex }),
  assertions: fc.uniqueArray(assertionFile, { maxLength: 4, selector: ({ path }) => path }),
  assumes: fc.constant({ revisions: [], components: [], media: [] }),
});

/** The same content with every list in one order, so that only what is in it is compared. */
function sorted(manifest: BundleManifest): Json {
  return inOneOrder(JSON.parse(JSON.stringify(manifest)) as Json);
}

function inOneOrder(value: Json): Json {
  if (Array.isArray(value))
    return (value as Json[]).map(inOneOrder).sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inOneOrder(member)]));
}
