// Adds up what vitest wrote down about each run, and ends with one line that counts all tests.
//   count-tests.cjs FOLDER [FAILED_STEP]...
// A step that failed without a failed test counts as one. Exits 1 if anything failed or no test ran.
const { readdirSync, readFileSync } = require('node:fs');
const { basename, join } = require('node:path');

const [folder, ...failedSteps] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

for (const file of readdirSync(folder).sort()) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
    readFileSync(join(folder, file), 'utf8'),
  );
  const skipped = numPendingTests + numTodoTests;
  console.log(
    `${basename(file, '.json')}: ${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped tests`,
  );
  total.passed += numPassedTests;
  total.failed += numFailedTests;
  total.skipped += skipped;
}
// A suite that does not even load, or a step that is no test run, shows in its exit code alone.
total.failed = Math.max(total.failed, failedSteps.length);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
