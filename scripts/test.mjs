// `npm test`: all tests that need nothing but Node.js and npm. Arguments go to vitest: `npm test -- src/kernel`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { prepare, root } from './prepare.mjs';

await prepare({ tools: true });
process.chdir(root);
const args = process.argv.slice(2);
const choosesProject = args.some((arg) => arg === '--project' || arg.startsWith('--project='));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
process.argv = [
  process.execPath,
  vitest,
  'run',
  ...(choosesProject ? [] : ['--project', 'unit', '--project', 'integration']),
  ...args,
];
await import(pathToFileURL(vitest).href);
