// Takes away, one after another, what the rows of test/device/coverage.json name, and looks whether the tests that are said to show it
// fail then: a test that passes without its feature shows nothing. Needs what the device suite needs, and a build.
//
//   npm run test:removals [-- [--list] [FILE...]]      FILE as in coverage.json: channels, everyday, …
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DEVICE = 'device/';

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('-'));
const removals = removalsOf(JSON.parse(readFileSync(join(ROOT, 'test/device/coverage.json'), 'utf8'))).filter(
  ({ file }) => files.length === 0 || files.includes(file),
);
let unseen = 0;
for (const { file, without, title } of removals) {
  if (args.includes('--list')) {
    console.log(`${file}: without ${without}: ${title}`);
    continue;
  }
  const outcome = statusOf(file, title, without);
  if (outcome !== 'failed') unseen++;
  console.log(
    `${outcome === 'failed' ? 'seen to fail' : `NOT SEEN (${outcome})`}  ${file}: without ${without}: ${title}`,
  );
}
process.exit(unseen === 0 ? 0 : 1);

/** Each once: the first test of a row is the one that has to fail. */
function removalsOf(rows) {
  const found = new Map();
  for (const { tests, without } of rows) {
    const [, path = '', title = ''] = /^([^:]+): (.+)$/.exec(tests[0]) ?? [];
    if (without === undefined || !path.startsWith(DEVICE)) continue;
    const removal = { file: path.slice(DEVICE.length), without, title };
    found.set(JSON.stringify(removal), removal);
  }
  return [...found.values()];
}

/** Of all tests whose name has this in it: `failed` where one did, `skipped` where there is none. */
function statusOf(file, title, without) {
  const folder = mkdtempSync(join(tmpdir(), 'removals-'));
  const report = join(folder, 'report.json');
  try {
    const pattern = title.replace(/^%s /, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    spawnSync(
      process.execPath,
      [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        ...['run', '--project', 'device', `test/device/${file}.spec.ts`, '-t', pattern],
        ...['--reporter', 'json', '--outputFile', report],
      ],
      { cwd: ROOT, env: { ...process.env, SNAP_STORE_TEST_WITHOUT: without }, stdio: 'ignore' },
    );
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const statuses = new Set(
      testResults.flatMap(({ assertionResults }) => assertionResults).map(({ status }) => status),
    );
    // What could not even be prepared has failed too, and then no test has a status.
    if (statuses.has('failed') || testResults.some(({ status, message }) => status === 'failed' && message !== ''))
      return 'failed';
    return statuses.has('passed') ? 'passed' : 'skipped';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
