// What fetching a large snap costs: from a local upstream to a bundle that is proven, packed and on the disk, against `curl`
// piped into `openssl dgst -sha3-384` from the same upstream in the same run; and how much memory the process takes, all of it.
//
//   npm run bench -- fetch [--mib 512] [--rounds 3]
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { openConnectedSide } from '../dist/connected-side.js';
import { NOTHING_ASSUMED } from '../dist/formats/bundle/index.js';
import { decodeAssertionStream } from '../dist/formats/assertion/index.js';
import { Channel } from '../dist/kernel/channel.js';
import { Sha3_384 } from '../dist/kernel/digest.js';
import { Settings } from '../dist/platform/config/settings.js';
import { LoggerFactory } from '../dist/platform/logging/logger.js';
import { MIB, writeSignedSnap } from './support/signed-snap.mjs';

const TARGET_RATIO = 0.85;
const TARGET_MIB = 150;

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
    // How the measured process is started.
    measure: { type: 'string' },
    folder: { type: 'string' },
  },
});

if (values.measure !== undefined) await measureFetch(values.folder, values.measure);
else await main();

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-fetch-'));
  await chmod(folder, 0o755);
  let upstream;
  try {
    await writeSignedSnap(folder, values.mib * MIB);
    const files = ['bench-snap_1.snap', 'bench-snap_1.assert', 'roots.assert'].map((name) => join(folder, name));
    upstream = fork(join(import.meta.dirname, 'support/upstream-process.mjs'), files);
    const [{ port }] = await once(upstream, 'message');
    const url = `http://127.0.0.1:${port}`;
    const rounds = [];
    for (let round = 1; round <= Number(values.rounds); round++) {
      const baseline = curlAndHash(url);
      const { seconds, idleMib, peakMib } = fetchOnce(folder, url);
      const fetched = values.mib / seconds;
      rounds.push({ ratio: fetched / baseline, peakMib });
      console.log(
        `round ${round}: curl | openssl dgst -sha3-384 ${baseline.toFixed(0)} MiB/s; ` +
          `fetched and packed ${fetched.toFixed(0)} MiB/s, RSS ${idleMib.toFixed(0)} MiB idle, ${peakMib.toFixed(0)} at most`,
      );
    }
    report(rounds);
  } finally {
    upstream?.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(rounds) {
  const ratio = median(rounds.map((round) => round.ratio));
  const peakMib = Math.max(...rounds.map((round) => round.peakMib));
  console.log(
    `a snap of ${values.mib} MiB: ${(ratio * 100).toFixed(0)} % of curl and hashing (median; target ${TARGET_RATIO * 100} %), ` +
      `RSS ${peakMib.toFixed(0)} MiB at most (target below ${TARGET_MIB})`,
  );
  if (ratio < TARGET_RATIO || peakMib >= TARGET_MIB) process.exitCode = 1;
}

/** MiB/s of what an operator would do by hand. */
function curlAndHash(url) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync('sh', ['-c', `curl -sSf ${url}/snap | openssl dgst -sha3-384`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('curl or openssl failed');
  return values.mib / secondsSince(start);
}

/** In a process of its own, so that its memory is the fetch's. */
function fetchOnce(folder, url) {
  const args = ['--expose-gc', import.meta.filename, '--measure', url, '--folder', folder, '--mib', values.mib];
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error('the fetch that was to be measured failed');
  return JSON.parse(stdout.toString());
}

async function measureFetch(folder, url) {
  const dataDir = await mkdtemp(join(folder, 'data-'));
  const exportDir = await mkdtemp(join(folder, 'export-'));
  await chmod(dataDir, 0o755);
  const flag = new Map([
    ['proxy.trust.extra-roots', join(folder, 'roots.assert')],
    ['proxy.upstream', url],
  ]);
  const settings = new Settings({ flag });
  const side = await openConnectedSide({ dataDir, settings, loggers: LoggerFactory.silent() });
  try {
    const { connectOnlineStore } = await import('../dist/modules/upstream/offline.js');
    const connection = { mayCallOut: () => undefined, userAgent: 'bench' };
    const online = connectOnlineStore(settings, connection, { auth: null, storeId: null });
    const plan = await planOf(folder, url);
    await sleep(500);
    globalThis.gc?.();
    writeFileSync('/proc/self/clear_refs', '5');
    const idleMib = memory('VmRSS');
    const start = process.hrtime.bigint();
    const [carried] = await side.fetching.carry(plan, {
      store: online,
      exportDir,
      jobs: 2,
      splitBytes: null,
      tool: { name: 'bench', version: '0' },
      signal: new AbortController().signal,
    });
    const seconds = secondsSince(start);
    if (carried.bytesDownloaded !== values.mib * MIB) throw new Error('the snap was not downloaded');
    await online.close();
    console.log(JSON.stringify({ seconds, idleMib, peakMib: memory('VmHWM') }));
  } finally {
    await side.close();
    await rm(dataDir, { recursive: true, force: true });
    await rm(exportDir, { recursive: true, force: true });
  }
}

/** What planning would come to for this snap. */
async function planOf(folder, url) {
  const stream = await decodeAssertionStream(readFileSync(join(folder, 'bench-snap_1.assert')));
  const signed = stream.find(({ type }) => type.name === 'snap-revision');
  const snapId = signed.text('snap-id');
  const name = 'bench-snap';
  const { size } = await stat(join(folder, 'bench-snap_1.snap'));
  const download = { url: `${url}/snap`, size, digest: Sha3_384.fromBase64url(signed.text('snap-sha3-384')) };
  const texts = { title: null, summary: null, description: null, license: null, website: null, contact: null };
  const common = { snapId, name, createdAt: null };
  const release = { architecture: 'amd64', channel: Channel.parse('latest/stable'), revision: 1, releasedAt: null };
  const snap = {
    snapId,
    name,
    defaultTrack: null,
    reasons: [{ kind: 'requested', of: null }],
    channelMap: [{ ...release, requested: true }],
    details: {
      ...common,
      ...texts,
      links: {},
      categories: [],
      storeUrl: null,
      private: false,
      publisher: null,
      media: [],
    },
    revisions: [
      {
        store: {
          ...common,
          type: 'app',
          revision: 1,
          version: '1',
          base: null,
          epoch: { read: [0], write: [0] },
          architectures: ['amd64'],
          snapYaml: null,
          download,
          components: [],
        },
        components: [],
      },
    ],
  };
  return { bundles: [{ name, snaps: [snap], assertions: [], assumes: NOTHING_ASSUMED }] };
}

/** A line of /proc/self/status in MiB; writing 5 to clear_refs makes the high-water mark start again (proc(5)). */
function memory(name) {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kib) / 1024;
}

function secondsSince(start) {
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
