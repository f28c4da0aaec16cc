// `npm run bench -- NAME ...` runs bench/NAME.mjs on a fresh build; without a name, all of them one after the other.
// A benchmark is plain JavaScript that imports from ../dist/: it measures what is shipped.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { prepare, root, say, stop } from './prepare.mjs';

const folder = join(root, 'bench');
const known = existsSync(folder)
  ? readdirSync(folder).flatMap((name) => (name.endsWith('.mjs') ? [name.slice(0, -'.mjs'.length)] : []))
  : [];
const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const names = firstOption === -1 ? args : args.slice(0, firstOption);
const options = firstOption === -1 ? [] : args.slice(firstOption);
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) stop(`There is no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}.`, 2);

await prepare({ tools: true });
for (const name of names.length > 0 ? names : known) {
  say(`Benchmark ${name}:`);
  const file = join(folder, `${name}.mjs`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', file, ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) stop(`Benchmark ${name} failed.`);
}
