// How long devices wait for what they search: questions at a fixed rate, whether the last one was answered or not, over a
// catalogue of made-up snaps. Each question is asked as snapd asks it, nearly all for the first time, so that little of what is
// measured was remembered. Time counts from when a question was due.
//
//   npm run bench -- search [--snaps 10000] [--rate 50] [--seconds 60]
//
// SNAP_STORE_TEST_DATABASE names a PostgreSQL server to use (as for the tests); else an embedded one is started.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { openContext } from '../dist/application.js';
import { Settings } from '../dist/platform/config/settings.js';
import { Database } from '../dist/platform/database/database.js';
import { LoggerFactory } from '../dist/platform/logging/logger.js';
import { openDatabaseServer } from './support/database-server.mjs';
import { fillSearchCatalogue, plan, randomFrom } from './support/search-catalogue.mjs';

const TARGET_P99_MS = 20;
const FIELDS =
  'base,channel,common-ids,confinement,contact,description,download,license,prices,private,publisher,revision,summary,title,type,version,website,store-url,media';

const { values } = parseArgs({
  options: {
    snaps: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
  },
});
const [SNAPS, RATE, SECONDS] = [values.snaps, values.rate, values.seconds].map(Number);

const folder = await mkdtemp(join(tmpdir(), 'bench-search-'));
await chmod(folder, 0o755);
let server = null;
let failed = false;
try {
  const database = await openDatabaseServer(join(folder, 'database'));
  try {
    const uri = await database.create(`bench_search_${process.pid}`);
    const planned = plan(SNAPS);
    await fill(uri, planned.planned);
    server = fork(join(import.meta.dirname, 'support', 'serve-process.mjs'), ['store', join(folder, 'data'), uri], {
      execArgv: [],
    });
    const [{ port }] = await once(server, 'message');
    const questions = questionsOf(planned);
    // The engine and the database's own memory are warm on a store that has been running for a while.
    await ask(port, questions.splice(0, 10 * RATE));
    report(await ask(port, questions.slice(0, RATE * SECONDS)));
  } finally {
    server?.kill();
    await database.leave();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function fill(uri, planned) {
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  const flag = new Map([['proxy.db.connection', uri]]);
  const context = await openContext({ dataDir, settings: new Settings({ flag }), loggers: LoggerFactory.silent() });
  console.log(`writing ${planned.length} snaps`);
  const start = performance.now();
  await fillSearchCatalogue(context, planned);
  console.log(`  ${((performance.now() - start) / planned.length).toFixed(2)} ms each`);
  // PostgreSQL does it by itself, a minute later.
  await context.get(Database).dataSource.query('VACUUM ANALYZE');
  await context.close();
}

/** What people type: names, words, beginnings, typing errors, and what is there in a category. */
function questionsOf({ planned, vocabulary, frequent }) {
  const random = randomFrom(11);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const kinds = [
    [40, () => exactly(pick(planned).name)],
    [15, () => ({ kind: 'a word', query: `q=${pick(vocabulary)}` })],
    [10, () => ({ kind: 'a frequent word', query: `q=${frequent()}` })],
    [10, () => ({ kind: 'two words', query: `q=${frequent()}+${pick(vocabulary)}` })],
    [10, () => ({ kind: 'a beginning', query: `q=${pick(planned).name.slice(0, 4)}` })],
    [10, () => mistyped(pick(planned).name, random)],
    [5, () => ({ kind: 'a category', query: `category=${pick(planned).category}&q=${frequent()}` })],
  ];
  const all = kinds.flatMap(([share, make]) => Array.from({ length: share }, () => make));
  return Array.from({ length: RATE * (SECONDS + 10) }, () => pick(all)());
}

function exactly(name) {
  return { kind: 'a name', query: `q=${name}`, wanted: name };
}

function mistyped(name, random) {
  const at = 1 + Math.floor(random() * (name.length - 2));
  return {
    kind: 'a typing error',
    query: `q=${name.slice(0, at)}${name[at + 1]}${name[at]}${name.slice(at + 2)}`,
    near: name,
  };
}

async function ask(port, questions) {
  const agent = new Agent({ keepAlive: true });
  const start = performance.now();
  const answers = questions.map(async (question, index) => {
    const due = start + (index * 1000) / RATE;
    await sleep(Math.max(0, due - performance.now()));
    const body = await get(port, agent, question.query);
    return { ...question, ms: performance.now() - due, names: JSON.parse(body).results.map(({ name }) => name) };
  });
  const done = await Promise.all(answers);
  agent.destroy();
  return done;
}

function get(port, agent, query) {
  const path = `/v2/snaps/find?architecture=amd64&confinement=strict%2Cclassic&fields=${encodeURIComponent(FIELDS)}&${query}`;
  const headers = { 'accept-encoding': 'gzip', 'snap-device-architecture': 'amd64', 'user-agent': 'snapd/2.57.6' };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.once('error', reject);
      response.once('end', () => {
        const body = Buffer.concat(pieces);
        if (response.statusCode !== 200) reject(new Error(`${query}: ${response.statusCode} ${body}`));
        else resolve(response.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
      });
    })
      .once('error', reject)
      .end();
  });
}

function report(answers) {
  for (const kind of new Set(answers.map((answer) => answer.kind))) {
    const own = answers.filter((answer) => answer.kind === kind);
    const found = own.reduce((sum, { names }) => sum + names.length, 0) / own.length;
    console.log(
      `  ${kind.padEnd(16)} ${String(own.length).padStart(5)} times, ${found.toFixed(0).padStart(3)} results: ${times(own)}`,
    );
  }
  const mistyped = answers.filter(({ near }) => near !== undefined);
  const forgiven = mistyped.filter(({ near, names }) => names.slice(0, 10).includes(near));
  console.log(`  of ${mistyped.length} typing errors, ${forgiven.length} had what was meant among the first ten`);
  const p99 = percentile(answers, 0.99);
  check(
    p99 < TARGET_P99_MS,
    `${SNAPS} snaps, ${RATE} questions a second: 99 % within ${p99.toFixed(1)} ms (target ${TARGET_P99_MS} ms); ${times(answers)}`,
  );
  const named = answers.filter(({ wanted }) => wanted !== undefined);
  const first = named.filter(({ wanted, names }) => names[0] === wanted);
  check(first.length === named.length, `the right snap first for its exact name: ${first.length} of ${named.length}`);
}

function times(answers) {
  return [0.5, 0.9, 0.99, 1].map((share) => `${share * 100} % ${percentile(answers, share).toFixed(1)} ms`).join(', ');
}

function percentile(answers, share) {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function check(isMet, sentence) {
  console.log(`${isMet ? 'met   ' : 'MISSED'} ${sentence}`);
  failed ||= !isMet;
}
