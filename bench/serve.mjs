// What answering devices costs: requests for each second of processor time that the server process uses, against a bare
// node:http server that sends the same bytes from memory, and against the same store behind Nest and Express, all three in the
// same run and in turns. Wall time says little on a machine that does other things as well; processor time does.
//
//   npm run bench -- serve [--seconds 3] [--rounds 3] [--sizes 10,10000]
//
// SNAP_STORE_TEST_DATABASE names a PostgreSQL server to use (as for the tests); else an embedded one is started.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openContext } from '../dist/application.js';
import { ImportService } from '../dist/modules/snap-import/index.js';
import { Settings } from '../dist/platform/config/settings.js';
import { LoggerFactory } from '../dist/platform/logging/logger.js';
import { base64url, digestOf, fillCatalogue, snapIdOf, snapNameOf } from './support/catalogue.mjs';
import { openDatabaseServer } from './support/database-server.mjs';
import { MIB, writeSignedSnap } from './support/signed-snap.mjs';

const TARGETS = { info: 0.6, assertions: 0.6, refresh: 0.4 };
const TARGET_AT_SIZE = 0.85;
const DOWNLOAD_MIB = 64;
/** As many as the smallest catalogue holds: the same question at both sizes, or their figures could not be compared. */
const INSTALLED = 10;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '10,10000' },
  },
});
const SECONDS = Number(values.seconds);
const ROUNDS = Number(values.rounds);

const folder = await mkdtemp(join(tmpdir(), 'bench-serve-'));
await chmod(folder, 0o755);
const children = new Set();
let failed = false;
try {
  const database = await openDatabaseServer(join(folder, 'database'));
  try {
    const results = [];
    for (const size of values.sizes.split(',').map(Number)) results.push(await measureSize(database, size));
    report(results);
  } finally {
    for (const child of children) child.kill();
    await database.leave();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function measureSize(database, size) {
  const uri = await database.create(`bench_serve_${process.pid}_${size}`);
  const dataDir = join(folder, `data-${size}`);
  const pair = join(folder, `pair-${size}`);
  await mkdir(pair, { recursive: true });
  await writeSignedSnap(pair, DOWNLOAD_MIB * MIB);
  const roots = join(pair, 'roots.assert');
  const flag = new Map([
    ['proxy.db.connection', uri],
    ['proxy.trust.extra-roots', roots],
  ]);
  const context = await openContext({ dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.silent() });
  console.log(`${size} revisions: writing the catalogue`);
  await fillCatalogue(context, size);
  await context.get(ImportService).importPath(join(pair, 'bench-snap_1.snap'));
  await context.close();

  const servers = {};
  for (const kind of ['bare', 'store', 'controllers']) servers[kind] = await startServer(kind, dataDir, uri, roots);
  const load = spawn('load.mjs');
  const kinds = requestKinds(size);
  const rates = {};
  for (const [name, requests] of Object.entries(kinds)) {
    await teach(servers, requests, name === 'download' ? join(pair, 'bench-snap_1.snap') : undefined);
    for (const kind of ['store', 'controllers'])
      await run(load, servers[kind], requests, { count: requests.length + 50 });
    for (const kind of ['bare', 'store', 'controllers']) await run(load, servers[kind], requests, { seconds: 0.7 });
    rates[name] = { bare: [], store: [], controllers: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ['bare', 'store', 'controllers']) {
        rates[name][kind].push(await run(load, servers[kind], requests, { seconds: SECONDS }));
      }
    }
    console.log(`  ${name.padEnd(10)} ${describe(rates[name], name)}`);
  }
  const { rssMib } = await usage(servers.store);
  console.log(`  the store uses ${rssMib.toFixed(0)} MiB`);
  for (const child of children) child.kill();
  children.clear();
  return { size, rates };
}

/** What a fleet asks; spread over the whole catalogue. */
function requestKinds(size) {
  const numbers = Array.from({ length: size }, (_, index) => index);
  const get = (path, headers = '') =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: snapd/2.57.6\r\n${headers}\r\n`;
  const fields =
    'architectures,base,confinement,contact,created-at,description,download,epoch,license,name,prices,private,publisher,revision,snap-id,summary,title,type,version,website,store-url,media,common-ids';
  const refreshes = Array.from({ length: Math.min(size, 500) }, (_, index) => refreshRequest(size, index));
  const download = `/api/v1/snaps/download/${'benchsnap'.padEnd(32, 'x')}_1.snap`;
  return {
    info: numbers.map((number) =>
      get(
        `/v2/snaps/info/${snapNameOf(number)}?architecture=amd64&fields=${encodeURIComponent(fields)}`,
        'Snap-Device-Architecture: amd64\r\n',
      ),
    ),
    assertions: numbers.flatMap((number) => [
      get(
        `/v2/assertions/snap-declaration/16/${snapIdOf(number)}?max-format=5`,
        'Accept: application/x.ubuntu.assertion\r\n',
      ),
      get(
        `/v2/assertions/snap-revision/${base64url(digestOf(number))}?max-format=0`,
        'Accept: application/x.ubuntu.assertion\r\n',
      ),
    ]),
    refresh: refreshes,
    download: [get(download)],
  };
}

/** A device with some snaps, one of them behind, as snapd 2.57 asks. */
function refreshRequest(size, first) {
  const ids = Array.from({ length: INSTALLED }, (_, index) => snapIdOf((first * INSTALLED + index) % size));
  const own = [...new Set(ids)];
  const body = JSON.stringify({
    context: own.map((id, index) => ({
      'snap-id': id,
      'instance-key': id,
      revision: index === 0 ? 6 : 7,
      'tracking-channel': 'latest/stable',
      epoch: { read: [0], write: [0] },
      'refreshed-date': '2026-01-01T00:00:00.000000000Z',
    })),
    actions: own.map((id) => ({ action: 'refresh', 'instance-key': id, 'snap-id': id })),
    fields: [
      'architectures',
      'base',
      'confinement',
      'contact',
      'created-at',
      'description',
      'download',
      'epoch',
      'license',
      'name',
      'prices',
      'private',
      'publisher',
      'revision',
      'snap-id',
      'snap-yaml',
      'summary',
      'title',
      'type',
      'version',
      'website',
      'store-url',
      'media',
      'common-ids',
    ],
  });
  // The number tells the bare server which answer is meant; to the store it is a query that says nothing.
  return `POST /v2/snaps/refresh?${first} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: snapd/2.57.6\r\nContent-Type: application/json\r\nSnap-Device-Architecture: amd64\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The bare server gets the bytes that the store sends. */
async function teach(servers, requests, file) {
  const answers = [];
  for (const request of requests) {
    const [head, body] = request.split('\r\n\r\n');
    const [method, url] = head.split(' ');
    if (file !== undefined) {
      answers.push({ url, file });
      continue;
    }
    const headers = {
      'snap-device-architecture': 'amd64',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
    };
    const reply = await fetch(`http://127.0.0.1:${servers.store.port}${url}`, {
      method,
      headers,
      ...(body ? { body } : {}),
    });
    if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
    answers.push({ url, body: Buffer.from(await reply.arrayBuffer()).toString('base64') });
  }
  await ask(servers.bare.child, { answers });
}

async function run(load, server, requests, limit) {
  const before = await usage(server);
  const { done, bytes, failed: refused } = await ask(load, { port: server.port, requests, ...limit });
  const after = await usage(server);
  if (refused > 0) throw new Error(`${refused} of ${done} requests were refused`);
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return { perSecond: done / cpuSeconds, bytesPerSecond: bytes / cpuSeconds };
}

function describe(rates, name) {
  const unit = name === 'download' ? 'bytesPerSecond' : 'perSecond';
  const show = (kind) => {
    const value = median(rates[kind].map((rate) => rate[unit]));
    return name === 'download' ? `${(value / 1e9).toFixed(2)} GB` : value.toFixed(0);
  };
  const share = (kind) => `${(ratio(rates, kind, 'bare', unit) * 100).toFixed(0)} %`;
  return `per CPU-second: bare node:http ${show('bare')}, store ${show('store')} (${share('store')}), Nest on Express ${show('controllers')} (${share('controllers')})`;
}

/** The median over the rounds, each compared with its own neighbour. */
function ratio(rates, kind, other, unit = 'perSecond') {
  return median(rates[kind].map((rate, round) => rate[unit] / rates[other][round][unit]));
}

function report(results) {
  for (const { size, rates } of results) {
    for (const [name, target] of Object.entries(TARGETS)) {
      check(
        ratio(rates[name], 'store', 'bare') >= target,
        `${name} at ${size} revisions: ${percent(ratio(rates[name], 'store', 'bare'))} of bare node:http (target ${percent(target)})`,
      );
    }
  }
  const [small, large] = [results[0], results.at(-1)];
  if (small === large) return;
  for (const name of Object.keys(TARGETS)) {
    // Compared by their ratios: the bare server is the yardstick for whatever else the machine does meanwhile.
    const kept = ratio(large.rates[name], 'store', 'bare') / ratio(small.rates[name], 'store', 'bare');
    check(
      kept >= TARGET_AT_SIZE,
      `${name} at ${large.size} revisions: ${percent(kept)} of the ratio at ${small.size} (target ${percent(TARGET_AT_SIZE)})`,
    );
  }
}

function check(isMet, sentence) {
  console.log(`${isMet ? 'met   ' : 'MISSED'} ${sentence}`);
  failed ||= !isMet;
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

async function startServer(kind, ...args) {
  const child = spawn('serve-process.mjs', [kind, ...args]);
  const gone = once(child, 'exit').then(() => {
    throw new Error(`the ${kind} server does not start`);
  });
  // Once it listens, its end is nothing to complain of.
  gone.catch(() => undefined);
  const [{ port }] = await Promise.race([once(child, 'message'), gone]);
  return { child, port };
}

function spawn(file, args = []) {
  const child = fork(join(import.meta.dirname, 'support', file), args, { execArgv: [] });
  children.add(child);
  return child;
}

function usage({ child }) {
  return ask(child, {});
}

async function ask(child, message) {
  const answer = once(child, 'message');
  child.send(message);
  return (await answer)[0];
}
