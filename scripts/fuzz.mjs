// `npm run fuzz`: 100,000 cases of every kind of request, on both ways into the store. Arguments go to vitest: `-t sessions`
// picks a kind. FUZZ_CASES and FUZZ_SEED choose how many and which.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { prepare, root, say } from './prepare.mjs';

await prepare({ tools: true });
process.chdir(root);
process.env.FUZZ_CASES ??= '100000';
process.env.FUZZ_SEED ??= String(randomInt(2 ** 31));
say(`${process.env.FUZZ_CASES} cases a kind, FUZZ_SEED=${process.env.FUZZ_SEED}`);
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
process.argv = [process.execPath, vitest, 'run', '--project', 'integration', 'test/fuzz', ...process.argv.slice(2)];
await import(pathToFileURL(vitest).href);
