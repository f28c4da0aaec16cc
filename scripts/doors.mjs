// The last step of a build: puts the program's doors, `dist/cli.js` and `dist/main.js`, together with the modules and packages
// that they load into a few files below `dist/doors/`. Finding and reading two thousand files is more than half of what a
// command costs. What is imported from `dist/index.js`, by applications that embed the store, stays as the compiler made it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

import { build } from 'esbuild';

const DOORS = ['cli', 'main'];
const FOLDER = 'doors';
/** Loaded before all else, as they are: the guard of the ways out, and what it needs. */
const ALONE = ['platform/egress/install.js', 'platform/egress/index.js', 'platform/program-root.js'];

/** What packages written as CommonJS expect to find. */
const COMMON_JS = `import { createRequire as requireOf } from 'node:module';
import { dirname as folderOf } from 'node:path';
import { fileURLToPath as pathOf } from 'node:url';
const require = requireOf(import.meta.url), __filename = pathOf(import.meta.url), __dirname = folderOf(__filename);`;

/** @param dist the folder that the compiler has written */
export async function makeDoors(dist) {
  const folder = join(dist, FOLDER);
  rmSync(folder, { recursive: true, force: true });
  const alone = await modulesBelow(ALONE.map((path) => join(dist, path)));
  const { metafile } = await build({
    ...OPTIONS,
    // Comments in what is written name the modules relative to it; who was refused is told by them (platform/egress/caller.ts).
    absWorkingDir: dirname(dist),
    entryPoints: DOORS.map((door) => join(dist, `${door}.js`)),
    outdir: folder,
    splitting: true,
    plugins: [leftAlone(alone, folder), missingAreExternal],
  });
  const twice = Object.keys(metafile.inputs).filter((path) => alone.has(resolve(dirname(dist), path)));
  if (twice.length > 0) throw new Error(`${twice.join(', ')} would be loaded twice`);
  for (const door of DOORS) {
    const file = join(dist, `${door}.js`);
    const [firstLine = ''] = readFileSync(file, 'utf8').split('\n');
    const start = firstLine.startsWith('#!') ? `${firstLine}\n` : '';
    // In this order: nothing that the guard watches over is loaded before it.
    writeFileSync(file, `${start}import './${ALONE[0]}';\nimport './${FOLDER}/${door}.js';\n`);
    rmSync(`${file}.map`, { force: true });
  }
}

const OPTIONS = {
  bundle: true,
  write: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // The names of classes are in the database (migrations), in logs and in error messages.
  keepNames: true,
  banner: { js: COMMON_JS },
  logLevel: 'error',
};

async function modulesBelow(entryPoints) {
  const { metafile } = await build({ ...OPTIONS, entryPoints, outdir: 'none', write: false });
  return new Set(Object.keys(metafile.inputs).map((path) => resolve(path)));
}

/** Keeps these modules where they are: each exists once in a process, whoever imports it. */
function leftAlone(modules, folder) {
  return {
    name: 'left-alone',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        return modules.has(file) ? { path: relative(folder, file), external: true } : undefined;
      });
    },
  };
}

/** Packages that others use where they are there, such as drivers of other databases, are looked for when they are asked for. */
const missingAreExternal = {
  name: 'missing-are-external',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, resolveDir, kind }) => {
      if (kind === 'entry-point' || builtinModules.includes(path.replace(/^node:/, ''))) return undefined;
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
      return isInstalled(name, resolveDir) ? undefined : { path, external: true };
    });
  },
};

function isInstalled(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name))) return true;
    if (dirname(folder) === folder) return false;
  }
}
