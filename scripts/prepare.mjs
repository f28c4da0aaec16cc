// What `npm start`, `npm test` and `npm run bench` do first: install what is missing, build what has changed.
// Uses nothing but Node.js, since nothing else may be there yet.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];

export const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const STAMP = '.built-from';

// A reader that goes away (`npm start | head`) must not take the store with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Ends the process with a plain sentence when something cannot be done. */
export async function prepare(options = {}) {
  refuseOldNode();
  await makeReady(options).catch((error) => stop(`The store could not be made ready: ${error.message}`));
}

async function makeReady({ tools = false }) {
  const sources = digestOfSources();
  const mustBuild = sources !== null && sources !== recordedDigest();
  if (!isInstalled({ withTools: tools || mustBuild })) await install();
  if (mustBuild) await build(sources);
}

/** Notes in `dist` which sources it was built from, for `npm run build` as for the builds made here. */
export function recordBuild(folder = dist) {
  const sources = digestOfSources();
  if (sources !== null) writeFileSync(join(folder, STAMP), `${sources}\n`);
}

export function say(line) {
  console.error(line);
}

export function stop(line, exitCode = 1) {
  say(line);
  process.exit(exitCode);
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  stop(`Snap Store Proxy needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
}

/** Compares what npm recorded when it last finished here with what package-lock.json asks for. */
function isInstalled({ withTools }) {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  const wanted = readJson('package-lock.json')?.packages;
  // A package from a registry comes without the lock file, and npm has seen to its dependencies.
  if (wanted === undefined) return true;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.optional || entry.devOptional || entry.peer || (entry.dev && !withTools)) return true;
    return installed[path]?.version === entry.version && installed[path]?.integrity === entry.integrity;
  });
}

async function install() {
  say('Installing the dependencies (npm ci) ...');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const [program, programArgs] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  await runOrStop(program, programArgs, 'The dependencies could not be installed (see above).');
}

/**
 * Builds beside and swaps: a store that runs from `dist` meanwhile keeps its files until the new ones are whole, and a
 * build that fails or is interrupted leaves what was there.
 */
async function build(sources) {
  say('Building ...');
  const cache = join(root, '.cache');
  const room = join(cache, `build-${process.pid}`);
  rmSync(room, { recursive: true, force: true });
  mkdirSync(room, { recursive: true });
  process.once('exit', () => rmSync(room, { recursive: true, force: true }));
  const config = join(room, 'tsconfig.json');
  const up = relative(room, root);
  writeFileSync(
    config,
    JSON.stringify({
      extends: `${up}/tsconfig.build.json`,
      compilerOptions: { outDir: './dist', rootDir: `${up}/src` },
      include: [`${up}/src`],
      exclude: [`${up}/src/**/*.spec.ts`],
    }),
  );
  const nest = join(root, 'node_modules/@nestjs/cli/bin/nest.js');
  await runOrStop(process.execPath, [nest, 'build', '--path', relative(root, config)], 'The build failed (see above).');
  // Only now is what it needs sure to be installed.
  const { makeDoors } = await import('./doors.mjs');
  await makeDoors(join(room, 'dist'));
  writeFileSync(join(room, 'dist', STAMP), `${sources}\n`);
  swapIn(join(room, 'dist'), join(room, 'replaced'));
}

function swapIn(built, replaced) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (existsSync(dist)) renameSync(dist, replaced);
      renameSync(built, dist);
      return;
    } catch (error) {
      // Another `npm start` or `npm test` swaps at this very moment.
      if (attempt === 5) throw error;
      rmSync(replaced, { recursive: true, force: true });
    }
  }
}

/** A digest of all that a build reads; null where there are no sources, as in a package from a registry. */
function digestOfSources() {
  const sources = join(root, 'src');
  if (!existsSync(sources)) return null;
  const files = readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .concat([
      'tsconfig.json',
      'tsconfig.build.json',
      'nest-cli.json',
      'package.json',
      'package-lock.json',
      'scripts/doors.mjs',
    ])
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function recordedDigest() {
  try {
    return readFileSync(join(dist, STAMP), 'utf8').trim();
  } catch {
    return null;
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

/** The terminal's Ctrl-C reaches the child by itself; a signal to this process alone is passed on. */
function runOrStop(program, args, complaint) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    let told = null;
    const passOn = (signal) => {
      told = signal;
      child.kill(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn);
    child.once('error', (error) => stop(`${complaint} (${error.message})`));
    child.once('close', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, passOn);
      if (told !== null) process.exit(told === 'SIGINT' ? 130 : 143);
      if (code !== 0) stop(complaint, code ?? 1);
      resolve();
    });
  });
}
