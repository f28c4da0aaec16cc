// Adds up what vitest wrote down about each run, and ends with one line that counts all tests.
//   count-tests.cjs FOLDER [FAILED_STEP]...
// The results of a step are in files that start with its name. A step that failed without a failed test counts as one: it
// was no test run, or a suite of it did not even load. Exits 1 if anything failed or no test ran.
const { readdirSync, readFileSync } = require('node:fs');
const { basename, join } = require('node:path');

const [folder, ...failedSteps] = process.argv.slice(2);
const runs = readdirSync(folder)
  .sort()
  .map((file) => {
    const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return {
      name: basename(file, '.json'),
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  });
const silentFailures = failedSteps.filter(
  (step) => !runs.some(({ name, failed }) => name.startsWith(step) && failed > 0),
);
const sum = (what) => runs.reduce((total, run) => total + run[what], 0);
const render = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

for (const run of runs) console.log(`tests of ${run.name}: ${render(run)};`);
for (const step of silentFailures) console.log(`${step} failed and counts as one;`);
const total = { passed: sum('passed'), failed: sum('failed') + silentFailures.length, skipped: sum('skipped') };
console.log(render(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
