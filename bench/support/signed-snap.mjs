// A large snap with all that is signed about it, made without any tool: a tiny squashfs image (meta/snap.yaml of "bench-snap",
// see test/support/tiny-squashfs.ts) followed by noise, and a root of trust of its own.
import { createHash, generateKeyPairSync, randomFillSync, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';

import { encodeAssertionStream, signAssertion, SigningKey } from '../../dist/formats/assertion/index.js';
import { NOTHING_ASSUMED, writeBundle } from '../../dist/formats/bundle/index.js';
import { Sha3_384 } from '../../dist/kernel/digest.js';

export const MIB = 1024 * 1024;
const SNAP_ID = 'benchsnap'.padEnd(32, 'x');
const ROOT = 'benchroot';
const IMAGE = gunzipSync(
  Buffer.from(
    'H4sIAAAAAAACA11QwUoDMRCddHuQ3DwXYSheFSzqIWc/oPciOM1O3WCTrUla6K23guDRP/DrBL9B2SRLVweSN8l7b5KZJryGCvoYpV3AOUykgDEAPBTmQ2R8' +
      'L/hT4qvw83/3fTiyrHDJTjdXwdFG7tgH0zqF05upDFtrye8VEq7JPzMmSc1Be7OJSdauMDacK1jyL5K8bkxkHbeeg8IF2fr+9lEuKbBC3XqezaRu3co4tuyi' +
      'whC90VHWhxF8ir7TLnkq/+3Ob3kJAd/i7zQyIgBUyXfiqwFO4CLN6+4wfCG7z6Br63pPdj0sfZlEFViONE62Y/H8AiX3t3WVAQAA',
    'base64',
  ),
);

/** Writes bench-snap_1.snap, bench-snap_1.assert, a bundle of the same (bench-snap.tar.gz) and roots.assert into the folder. */
export async function writeSignedSnap(folder, sizeBytes) {
  const path = join(folder, 'bench-snap_1.snap');
  const digest = await writeSnap(path, sizeBytes);
  const key = new SigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const signedAt = new Date('2026-01-01T00:00:00Z');
  const sign = (type, headers, body) =>
    signAssertion({
      type,
      headers: { 'authority-id': ROOT, timestamp: signedAt.toISOString().replace('.000', ''), ...headers },
      ...(body === undefined ? {} : { body }),
      key,
      signedAt,
    });
  const account = (id) =>
    sign('account', { 'account-id': id, 'display-name': id, username: id, validation: 'verified' });
  const accountKey = signAssertion({
    type: 'account-key',
    headers: {
      'authority-id': ROOT,
      'account-id': ROOT,
      'public-key-sha3-384': key.id,
      name: 'root',
      since: '2020-01-01T00:00:00Z',
    },
    body: key.publicKey.encode(),
    key,
    signedAt,
  });
  const roots = join(folder, 'roots.assert');
  await writeFile(roots, encodeAssertionStream([account(ROOT), accountKey]));
  const declaration = sign('snap-declaration', {
    series: '16',
    'snap-id': SNAP_ID,
    'snap-name': 'bench-snap',
    'publisher-id': 'benchpublisher',
  });
  const revision = sign('snap-revision', {
    'snap-sha3-384': digest.toString('base64url'),
    'snap-id': SNAP_ID,
    'snap-size': String(sizeBytes),
    'snap-revision': '1',
    'developer-id': 'benchpublisher',
  });
  const stream = encodeAssertionStream([account('benchpublisher'), declaration, revision]);
  await writeFile(path.replace('.snap', '.assert'), stream);
  await writeBundleFile(join(folder, 'bench-snap.tar.gz'), path, sizeBytes, digest, stream);
}

async function writeBundleFile(file, snapPath, size, digest, stream) {
  const assertions = { path: 'assertions/bench.assert', digest: sha3(stream), size: stream.length, count: 3 };
  const manifest = {
    format: 1,
    requires: [],
    id: randomUUID(),
    created: '2026-01-01T00:00:00Z',
    tool: { name: 'bench', version: '0' },
    snaps: [
      {
        snapId: SNAP_ID,
        name: 'bench-snap',
        defaultTrack: null,
        reasons: [{ kind: 'requested', of: null }],
        channelMap: [],
        metadata: null,
        revisions: [
          {
            revision: 1,
            digest: Sha3_384.fromBytes(digest),
            size,
            version: '1',
            architectures: ['amd64'],
            createdAt: null,
            components: [],
          },
        ],
        components: [],
      },
    ],
    media: [],
    assertions: [assertions],
    assumes: NOTHING_ASSUMED,
  };
  const open = ({ kind }) => (kind === 'assertions' ? [stream] : createReadStream(snapPath, { highWaterMark: MIB }));
  const out = createWriteStream(file);
  await pipeline(writeBundle({ file, manifest, open }), out);
}

function sha3(bytes) {
  return Sha3_384.fromBytes(createHash('sha3-384').update(bytes).digest());
}

async function writeSnap(path, sizeBytes) {
  const hash = createHash('sha3-384');
  const file = await open(path, 'w');
  try {
    for (const chunk of chunksOf(sizeBytes)) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest();
}

/** The content, a mebibyte at a time: the same chunk again and again but for its number. */
export function* chunksOf(sizeBytes) {
  const noise = randomFillSync(Buffer.alloc(MIB));
  for (let at = 0; at < sizeBytes; at += MIB) {
    const chunk = noise.subarray(0, Math.min(MIB, sizeBytes - at));
    chunk.writeUInt32LE(at / MIB, chunk.length - 4);
    if (at === 0) IMAGE.copy(chunk);
    yield chunk;
  }
}
