// `npm start`: makes the store ready and runs it in this very process, so that Ctrl-C reaches it and nothing in between.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { prepare, root } from './prepare.mjs';

await prepare();
const cli = join(root, 'dist', 'cli.js');
process.argv.splice(1, 1, cli, 'serve');
await import(pathToFileURL(cli).href);
