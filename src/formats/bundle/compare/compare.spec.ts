import { describe, expect, it } from 'vitest';

import {
  plainMetadata,
  sha3,
  testBundle,
  type TestBundlePieces,
  type TestSnap,
} from '../../../../test/support/bundles.js';
import { TestAuthority } from '../../../../test/support/test-authority.js';
import { diffBundles, encodeManifest, mergeManifests, parseManifest, type BundleManifest } from '../index.js';

const JQ = 'j'.repeat(32);
const ID = '6f6ab1e0-9d5c-4a84-9a6f-3b7f2f1f0a11';

function jq(revisions: Record<number, readonly string[]>, given: Partial<TestSnap> = {}): TestSnap {
  const list = Object.entries(revisions).map(([revision, channels]) => {
    return { revision: Number(revision), content: Buffer.from(`jq ${revision}`), channels };
  });
  return { name: 'jq', snapId: JQ, revisions: list, ...given };
}

function manifestOf(snaps: readonly TestSnap[], pieces: Partial<TestBundlePieces> = {}): BundleManifest {
  return testBundle({ snaps, ...pieces }).manifest;
}

describe(diffBundles.name, () => {
  const contents = (manifest: BundleManifest) => ({ manifest, signer: null, assertions: [] });

  it('finds nothing where two bundles hold the same', () => {
    const snap = jq({ 6: ['latest/stable'] }, { metadata: plainMetadata({ title: 'jq' }) });
    const difference = diffBundles(contents(manifestOf([snap])), contents(manifestOf([snap], { id: ID })));
    expect(difference).toEqual({ isSameContent: true, snaps: [], assertions: [], media: [], assumes: [] });
  });

  it('names what came, what went, and where channels moved', () => {
    const icon = Buffer.from('icon');
    const before = manifestOf([
      jq({ 6: ['latest/stable'], 7: ['latest/edge'] }, { metadata: plainMetadata({ title: 'jq' }) }),
      { name: 'old', snapId: 'o'.repeat(32), revisions: [{ revision: 1, content: icon }] },
    ]);
    const metadata = plainMetadata({
      title: 'JQ',
      media: [{ type: 'icon', digest: sha3(icon), width: null, height: null }],
    });
    const components = [{ name: 'docs', revision: 2, content: Buffer.from('docs') }];
    const after = manifestOf([jq({ 7: ['latest/stable'] }, { metadata, components, defaultTrack: '2.0' })], {
      media: [{ bytes: icon, contentType: 'image/png' }],
      assumes: {
        revisions: [{ snapId: 'c'.repeat(32), name: 'core22', revision: 1, digest: sha3(icon) }],
        components: [],
        media: [],
      },
    });
    expect(diffBundles(contents(before), contents(after))).toEqual({
      isSameContent: false,
      snaps: [
        {
          name: 'jq',
          snapId: JQ,
          change: 'changed',
          revisions: [{ revision: 6, change: 'removed', version: '1.0', architectures: ['amd64'], sizeBytes: 4 }],
          components: [{ name: 'docs', revision: 2, change: 'added' }],
          releases: [
            { channel: 'latest/edge', architecture: 'amd64', from: 7, to: null, requested: true },
            { channel: 'latest/stable', architecture: 'amd64', from: 6, to: 7, requested: true },
          ],
          fields: ['default-track', 'media', 'title'],
        },
        {
          name: 'old',
          snapId: 'o'.repeat(32),
          change: 'removed',
          revisions: [{ revision: 1, change: 'removed', version: '1.0', architectures: ['amd64'], sizeBytes: 4 }],
          components: [],
          releases: [],
          fields: [],
        },
      ],
      assertions: [],
      media: [{ sha3_384: sha3(icon).hex, change: 'added' }],
      assumes: [{ what: 'core22 revision 1', change: 'added' }],
    });
  });

  it('names a revision that is another file', () => {
    const other = { name: 'jq', snapId: JQ, revisions: [{ revision: 6, content: Buffer.from('other') }] };
    const difference = diffBundles(contents(manifestOf([jq({ 6: [] })])), contents(manifestOf([other])));
    expect(difference.snaps).toMatchObject([{ change: 'changed', revisions: [{ revision: 6, change: 'changed' }] }]);
  });

  it('goes by the newest revision of an assertion', () => {
    const authority = TestAuthority.create();
    const account = (revision: number) =>
      authority.sign('account', {
        'account-id': 'someone',
        'display-name': 'S',
        username: 'someone',
        validation: 'unproven',
        ...(revision === 0 ? {} : { revision: String(revision) }),
      });
    const manifest = manifestOf([]);
    const before = { manifest, signer: null, assertions: [account(0), authority.publisher('gone')] };
    const after = { manifest, signer: null, assertions: [account(2), account(1), authority.publisher('new')] };
    expect(diffBundles(before, after).assertions).toEqual([
      { assertion: 'account/gone', change: 'removed', from: 0, to: null },
      { assertion: 'account/new', change: 'added', from: null, to: 0 },
      { assertion: 'account/someone', change: 'changed', from: 0, to: 2 },
    ]);
  });
});

describe(mergeManifests.name, () => {
  const identity = { id: ID, created: '2026-03-03T03:03:03Z', tool: { name: 'test', version: '1' }, assertions: [] };
  const merge = (...manifests: BundleManifest[]): BundleManifest => {
    const inputs = manifests.map((manifest, index) => ({ file: `${index}.tar.gz`, manifest }));
    // As it is read again, which also holds it against the rules of the format.
    return parseManifest(encodeManifest(mergeManifests(inputs, identity)), 'merged');
  };
  const early = { created: '2026-01-01T00:00:00Z' };
  const late = { created: '2026-02-01T00:00:00Z' };

  it('carries what all of them carry, and believes the one that was made last', () => {
    const one = manifestOf(
      [jq({ 6: ['latest/stable', 'latest/edge'] }, { metadata: plainMetadata({ title: 'old' }), defaultTrack: '1.0' })],
      early,
    );
    const other = manifestOf(
      [
        jq(
          { 7: ['latest/stable'] },
          { metadata: plainMetadata({ title: 'new' }), reasons: [{ kind: 'base', of: 'x' }] },
        ),
        { name: 'yq', snapId: 'y'.repeat(32), revisions: [{ revision: 1, content: Buffer.from('yq') }] },
      ],
      late,
    );
    for (const merged of [merge(one, other), merge(other, one)]) {
      expect(merged).toMatchObject(identity);
      expect(merged.snaps.map(({ name, revisions }) => [name, ...revisions.map(({ revision }) => revision)])).toEqual([
        ['jq', 6, 7],
        ['yq', 1],
      ]);
      const [snap] = merged.snaps;
      expect(snap).toMatchObject({ defaultTrack: '1.0', metadata: { title: 'new' } });
      expect(snap?.reasons).toEqual([
        { kind: 'base', of: 'x' },
        { kind: 'requested', of: null },
      ]);
      expect(snap?.channelMap.map(({ channel, revision }) => `${channel.toString()} ${revision}`)).toEqual([
        'latest/edge 6',
        'latest/stable 7',
      ]);
    }
  });

  it('keeps a channel asked for that was asked for once', () => {
    const one = manifestOf([jq({ 6: ['latest/stable'] })], early);
    const map = manifestOf([jq({ 7: ['latest/stable'] })], late);
    const quiet = {
      ...map,
      snaps: map.snaps.map((snap) => ({
        ...snap,
        channelMap: snap.channelMap.map((release) => ({ ...release, requested: false })),
      })),
    };
    expect(merge(one, quiet).snaps[0]?.channelMap).toMatchObject([{ revision: 7, requested: true }]);
  });

  it('does not assume what one of them carries', () => {
    const assumed = (revision: number) => {
      return { snapId: JQ, name: 'jq', revision, digest: sha3(Buffer.from(`jq ${revision}`)) };
    };
    const incremental = manifestOf([jq({ 7: ['latest/stable'] })], {
      ...late,
      assumes: { revisions: [assumed(5), assumed(6)], components: [], media: [] },
    });
    expect(merge(incremental, manifestOf([jq({ 6: [] })], early)).assumes.revisions).toEqual([assumed(5)]);
  });

  it('refuses two files under one name, and two names for one snap', () => {
    const other = { name: 'jq', snapId: JQ, revisions: [{ revision: 6, content: Buffer.from('other') }] };
    expect(() => merge(manifestOf([jq({ 6: [] })]), manifestOf([other]))).toThrow(
      '1.tar.gz: has another file for revision 6 of jq than 0.tar.gz',
    );
    const assumes = {
      revisions: [{ snapId: JQ, name: 'jq', revision: 6, digest: sha3(Buffer.from('other')) }],
      components: [],
      media: [],
    };
    expect(() => merge(manifestOf([jq({ 6: [] })]), manifestOf([], { assumes }))).toThrow(
      /another file for revision 6/,
    );
    expect(() => merge(manifestOf([jq({ 6: [] })]), manifestOf([jq({ 7: [] }, { name: 'kq' })]))).toThrow(
      `1.tar.gz: has the snap-id ${JQ} for kq, and 0.tar.gz for jq`,
    );
    expect(() => merge(manifestOf([jq({ 6: [] })]), manifestOf([jq({ 7: [] }, { snapId: 'k'.repeat(32) })]))).toThrow(
      `1.tar.gz: has the name jq for ${'k'.repeat(32)}, and 0.tar.gz for ${JQ}`,
    );
  });
});
