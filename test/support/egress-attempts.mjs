// Tries to reach a server in every way that Node.js offers, and says what became of each.
//   node [--import GUARD] egress-attempts.mjs ADDRESS NAME     prints it as one JSON document
//   node --import egress-attempts.mjs PROGRAM…                 at SIGUSR2: ADDRESS, NAME and, comma-separated, which ways are
//                                                              read from EGRESS_ATTEMPTS/ask, the outcomes written beside it
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';

let [address, name] = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const PATIENCE_MS = 700;

const emitter = (make) =>
  new Promise((resolve, reject) => {
    const made = make();
    made.once('error', reject);
    for (const event of ['connect', 'response', 'spawn']) made.once(event, () => resolve(event));
    setTimeout(() => {
      made.destroy?.();
      resolve('timeout');
    }, PATIENCE_MS).unref();
  });
const callback = (call) =>
  new Promise((resolve, reject) => {
    setTimeout(resolve, PATIENCE_MS, 'timeout').unref();
    call((error, value) => (error ? reject(error) : resolve(value)));
  });
const datagram = (use) => {
  const socket = dgram.createSocket('udp4');
  socket.on('error', () => undefined);
  return callback((done) => use(socket, done)).finally(() => socket.close());
};
const thread = (body, options) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(body, { ...options, workerData: { address, name } });
    worker.once('message', ({ code, value }) =>
      code ? reject(Object.assign(new Error(code), { code })) : resolve(value),
    );
    worker.once('error', reject);
    worker.once('exit', () => resolve('exit'));
  });
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const socket = require('node:net').connect(443, workerData.address);
socket.once('error', (error) => { parentPort.postMessage({ code: error.code }); process.exit(); });
setTimeout(() => { parentPort.postMessage({ value: 'timeout' }); process.exit(); }, ${PATIENCE_MS});
`;
const THREAD_LOOKUP = `
const { parentPort, workerData } = require('node:worker_threads');
require('node:dns').lookup(workerData.name, (error) => { parentPort.postMessage({ code: error?.code, value: 'asked' }); process.exit(); });
`;

const ATTEMPTS = {
  'net address': () => emitter(() => net.connect(443, address)),
  'net name': () => emitter(() => net.connect({ port: 443, host: name })),
  'net IPv4-mapped': () => emitter(() => net.connect(443, `::ffff:${address}`)),
  'net own lookup': () =>
    emitter(() => net.connect({ port: 443, host: name, lookup: (_, __, done) => done(null, address, 4) })),
  'net without listener': async () => {
    const socket = net.connect(443, address);
    await new Promise((resolve) => {
      socket.once('close', resolve);
      setTimeout(resolve, PATIENCE_MS);
    });
    if (crash !== null) throw new Error(`crashed with ${crash}`);
    return 'closed';
  },
  tls: () => emitter(() => tls.connect(443, address)),
  http: () => emitter(() => http.get(`http://${address}/`)),
  https: () => emitter(() => https.get(`https://${name}/`)),
  http2: () => emitter(() => http2.connect(`https://${address}`)),
  'fetch address': () => fetch(`http://${address}/`, { signal: AbortSignal.timeout(PATIENCE_MS) }),
  'fetch name': () => fetch(`https://${name}/`, { signal: AbortSignal.timeout(PATIENCE_MS) }),
  'udp send': () => datagram((socket, done) => socket.send('x', 53, address, done)),
  'udp send with offset': () => datagram((socket, done) => socket.send(Buffer.from('xy'), 0, 1, 53, address, done)),
  'udp send to a name': () => datagram((socket, done) => socket.send('x', 53, name, done)),
  'udp connect': () => datagram((socket, done) => socket.connect(53, address, done)),
  'udp multicast': () =>
    datagram(async (socket, done) => {
      await new Promise((resolve) => socket.bind(0, resolve));
      Promise.resolve()
        .then(() => socket.addMembership('239.1.2.3'))
        .then(() => done(null, 'joined'), done);
    }),
  'dns lookup': () => callback((done) => dns.lookup(name, done)),
  'dns promises lookup': () => dns.promises.lookup(name),
  'dns resolve4': () => callback((done) => dns.resolve4(name, done)),
  'dns resolve': () => callback((done) => dns.resolve(name, 'TXT', done)),
  'dns promises resolve': () => dns.promises.resolve(name),
  'dns reverse': () => callback((done) => dns.reverse(address, done)),
  'dns lookupService': () => callback((done) => dns.lookupService(address, 443, done)),
  'dns Resolver': () => {
    const resolver = new dns.Resolver();
    resolver.setServers([address]);
    return callback((done) => resolver.resolve4(name, done));
  },
  'dns promises Resolver': () => {
    const resolver = new dns.promises.Resolver();
    resolver.setServers([address]);
    return resolver.resolve4(name);
  },
  spawn: () => emitter(() => childProcess.spawn('curl', [`http://${address}/`])),
  exec: () => emitter(() => childProcess.exec(`curl http://${address}/`)),
  execFile: () => emitter(() => childProcess.execFile('/usr/bin/curl', [`http://${address}/`])),
  'spawn node': () => emitter(() => childProcess.spawn(process.execPath, ['-e', `fetch('http://${address}/')`])),
  spawnSync: () => childProcess.spawnSync('true').status,
  execSync: () => childProcess.execSync('true'),
  execFileSync: () => childProcess.execFileSync('/bin/true'),
  'thread of text': () => thread(THREAD, { eval: true }),
  'thread of a file': () => thread(new URL(`data:text/javascript,${encodeURIComponent(asModule(THREAD))}`)),
  'thread lookup': () => thread(THREAD_LOOKUP, { eval: true }),
  'process.binding': () => process.binding('tcp_wrap'),
};

function asModule(script) {
  return `import { createRequire } from 'node:module'; const require = createRequire('file:///x/'); ${script}`;
}

let crash = null;

async function attempt(ways) {
  process.on('uncaughtException', (error) => (crash = error.code ?? error.message));
  const outcomes = {};
  for (const way of ways) {
    try {
      const value = await ATTEMPTS[way]();
      outcomes[way] = `done: ${typeof value === 'string' ? value : typeof value}`;
    } catch (error) {
      outcomes[way] = error.code ?? error.cause?.code ?? error.message;
    }
  }
  return outcomes;
}

const folder = process.env.EGRESS_ATTEMPTS;
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(await attempt(Object.keys(ATTEMPTS))));
  process.exit();
} else if (folder !== undefined && isMainThread) {
  process.on('SIGUSR2', async () => {
    let ways;
    [address, name, ways = ''] = readFileSync(`${folder}/ask`, 'utf8').trim().split(' ');
    const outcomes = await attempt(ways === '' ? Object.keys(ATTEMPTS) : ways.replaceAll('_', ' ').split(','));
    const file = `${folder}/outcomes-${process.pid}.json`;
    writeFileSync(`${file}.tmp`, JSON.stringify(outcomes));
    renameSync(`${file}.tmp`, file);
  });
}
