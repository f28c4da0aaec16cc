import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { sha3 } from '../../../../test/support/bundles.js';
import { CarryScene } from '../../../../test/support/carry-scene.js';
import { planFor } from '../../../../test/support/fake-online-store.js';
import { type SignedSnap, TestAuthority, testSnapId, usualYaml } from '../../../../test/support/test-authority.js';

const scene = CarryScene.here();
const { authority, carry, exportDir, snap } = scene;

describe('what is not as the store said', () => {
  it.each([
    ['other content', { content: Buffer.alloc(16_384, 1) }, 'fetch-refused', /^jq_1\.snap: .* instead of /],
    ['too much', { content: Buffer.alloc(20_000, 1), size: null }, 'upstream-answer', /^jq_1\.snap: .*more than/],
    ['another size', { size: 5 }, 'upstream-answer', /^jq_1\.snap: .*5 bytes where 16384/],
    [
      'too little',
      { content: Buffer.alloc(9), size: null },
      'upstream-unreachable',
      /^jq_1\.snap: .*at byte 9 of 16384/,
    ],
    ['nothing but a broken line', { breaksAfter: [0, 0, 0, 0] }, 'upstream-unreachable', /^jq_1\.snap: .*cable/],
  ])('writes no bundle where the store sends %s, and names the snap', async (_what, trouble, code, message) => {
    const jq = snap('jq');
    scene.store.troubles.set('https://store.test/jq_1.snap', trouble);
    await expect(carry(planFor(jq))).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(await readdir(exportDir())).toEqual([]);
  });

  it.each<[string, (jq: SignedSnap) => void, RegExp]>([
    [
      'has no snap-revision for it',
      ({ assertions }) => scene.store.assertions.delete(assertions[2]?.ref.id ?? ''),
      /^jq_1\.snap: the store has no snap-revision\//,
    ],
    [
      'has no account that the declaration needs',
      ({ assertions }) => scene.store.assertions.delete(assertions[0]?.ref.id ?? ''),
      /the store has no account\/testpublisher, which snap-declaration\//,
    ],
    [
      'has a declaration by somebody else',
      ({ assertions }) => {
        const stranger = TestAuthority.create('testauthority');
        const headers = {
          series: '16',
          'snap-id': testSnapId('jq'),
          'snap-name': 'jq',
          'publisher-id': 'testpublisher',
        };
        scene.store.know(stranger.sign('snap-declaration', headers), ...stranger.roots, ...assertions.slice(2));
      },
      /^jq: /,
    ],
    [
      'has a declaration of another name',
      () => {
        const headers = {
          series: '16',
          'snap-id': testSnapId('jq'),
          'snap-name': 'qj',
          'publisher-id': 'testpublisher',
        };
        scene.store.know(authority.sign('snap-declaration', headers));
      },
      /^jq_1\.snap: the store says its name is "jq", and its snap-declaration "qj"/,
    ],
    [
      'has a snap-revision of another revision',
      ({ content }) => {
        const digest = sha3(content).base64url;
        const size = String(content.length);
        const headers = { 'snap-sha3-384': digest, 'snap-id': testSnapId('jq'), 'snap-size': size };
        scene.store.know(
          authority.sign('snap-revision', { ...headers, 'snap-revision': '2', 'developer-id': 'testpublisher' }),
        );
      },
      /^jq_1\.snap: the store says its revision is "1", and its snap-revision "2"/,
    ],
  ])('downloads nothing where the store %s', async (_what, spoil, message) => {
    const jq = snap('jq');
    spoil(jq);
    const carrying = carry(planFor(jq));
    await expect(carrying).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(message) as string,
    });
    expect(scene.store.downloads).toEqual([]);
  });

  it.each([
    ['name', usualYaml('qj', 1), /says its name is "jq", and its snap.yaml "qj"/],
    ['version', usualYaml('jq', 2), /says its version is "1.0", and its snap.yaml "2.0"/],
    ['base', usualYaml('jq', 1).replace('core22', 'core24'), /says its base is "core22", and its snap.yaml "core24"/],
    [
      'architectures',
      usualYaml('jq', 1).replace('amd64', 'arm64'),
      /releases it for amd64, and its snap.yaml says arm64/,
    ],
    ['provenance', `${usualYaml('jq', 1)}provenance: elsewhere\n`, /its provenance is "global-upload"/],
  ])('writes no bundle where the snap itself has another %s than the store said', async (_what, snapYaml, message) => {
    await expect(carry(planFor(snap('jq', { snapYaml })))).rejects.toMatchObject({
      code: 'fetch-refused',
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(exportDir())).toEqual([]);
  });
});
