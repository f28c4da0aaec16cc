/**
 * The module's second face, for commands that need no store: importing it loads neither Nest nor TypeORM, which costs over a
 * second.
 */
export { readAssertionFile, readTrustedRoots } from './assertion-files.js';
export { checkAssertionFiles, type CheckedAssertion, checkLine } from './check-files.js';
