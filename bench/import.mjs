// What importing a large snap costs: its throughput against the slower of what it cannot do without (hashing alone, and
// writing with fsync alone) in the same run, and how much memory the process takes beyond what it had when it was idle.
//
//   npm run bench -- import [--mib 1024] [--rounds 3]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { openContext } from '../dist/application.js';
import { ImportService } from '../dist/modules/snap-import/index.js';
import { Settings } from '../dist/platform/config/settings.js';
import { LoggerFactory } from '../dist/platform/logging/logger.js';
import { chunksOf, MIB, writeSignedSnap } from './support/signed-snap.mjs';

const TARGET_RATIO = 0.8;
const TARGET_MIB = 150;

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    measure: { type: 'string' },
    folder: { type: 'string' },
  },
});
const sizeBytes = Number(values.mib) * MIB;

if (values.measure !== undefined) await measureImport(values.folder, values.measure);
else await main();

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-import-'));
  await chmod(folder, 0o755);
  try {
    await writeSignedSnap(folder, sizeBytes);
    const rounds = { pair: [], bundle: [] };
    for (let round = 1; round <= Number(values.rounds); round++) {
      const hash = hashAlone();
      const write = await writeAlone(folder);
      console.log(
        `round ${round}: hashing alone ${hash.toFixed(0)} MiB/s, write and fsync alone ${write.toFixed(0)} MiB/s`,
      );
      for (const kind of ['pair', 'bundle']) {
        const { seconds, idleMib, peakMib } = importOnce(folder, kind);
        const imported = values.mib / seconds;
        rounds[kind].push({ ratio: imported / Math.min(hash, write), aboveIdle: peakMib - idleMib });
        const memory = `RSS ${idleMib.toFixed(0)} MiB idle, ${peakMib.toFixed(0)} at most`;
        console.log(`round ${round}: ${kind} ${imported.toFixed(0)} MiB/s; ${memory}`);
      }
    }
    for (const kind of ['pair', 'bundle']) report(kind, rounds[kind]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function report(kind, rounds) {
  const ratio = median(rounds.map((round) => round.ratio));
  const aboveIdle = Math.max(...rounds.map((round) => round.aboveIdle));
  console.log(
    `a ${kind} of ${values.mib} MiB: ${(ratio * 100).toFixed(0)} % of the slower of the two (median; target ${TARGET_RATIO * 100} %), ` +
      `at most ${aboveIdle.toFixed(0)} MiB above idle (target below ${TARGET_MIB})`,
  );
  if (ratio < TARGET_RATIO || aboveIdle >= TARGET_MIB) process.exitCode = 1;
}

/** MiB/s of one core hashing what lies in memory. */
function hashAlone() {
  const hash = createHash('sha3-384');
  return rate(() => {
    for (const chunk of chunksOf(sizeBytes)) hash.update(chunk);
    hash.digest();
  });
}

/** MiB/s of writing what lies in memory to a file, and one fsync at the end. */
async function writeAlone(folder) {
  const path = join(folder, 'written');
  const start = process.hrtime.bigint();
  const file = await open(path, 'w');
  for (const chunk of chunksOf(sizeBytes)) await file.write(chunk);
  await file.sync();
  await file.close();
  const result = values.mib / secondsSince(start);
  await rm(path);
  return result;
}

/** In a process of its own, so that its memory is the import's. */
function importOnce(folder, kind) {
  const args = ['--expose-gc', import.meta.filename, '--measure', kind, '--folder', folder, '--mib', values.mib];
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error('the import that was to be measured failed');
  return JSON.parse(stdout.toString());
}

async function measureImport(folder, kind) {
  const file = kind === 'pair' ? 'bench-snap_1.snap' : 'bench-snap.tar.gz';
  const dataDir = await mkdtemp(join(folder, 'data-'));
  await chmod(dataDir, 0o755);
  const flag = new Map([['proxy.trust.extra-roots', join(folder, 'roots.assert')]]);
  const store = await openContext({ dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.silent() });
  try {
    await sleep(500);
    globalThis.gc?.();
    writeFileSync('/proc/self/clear_refs', '5');
    const idleMib = memory('VmRSS');
    const start = process.hrtime.bigint();
    const [report] = await store.get(ImportService).importPath(join(folder, file));
    const seconds = secondsSince(start);
    if (report.revisions[0]?.outcome !== 'added') throw new Error('the snap was not imported');
    console.log(JSON.stringify({ seconds, idleMib, peakMib: memory('VmHWM') }));
  } finally {
    await store.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** A line of /proc/self/status in MiB; writing 5 to clear_refs makes the high-water mark start again (proc(5)). */
function memory(name) {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kib) / 1024;
}

function rate(work) {
  const start = process.hrtime.bigint();
  work();
  return values.mib / secondsSince(start);
}

function secondsSince(start) {
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
