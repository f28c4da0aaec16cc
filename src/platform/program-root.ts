import { resolve } from 'node:path';

/** The folder of our own package.json. Not put together with other modules in a build: it knows where it is by its own place. */
export const PACKAGE_ROOT = resolve(import.meta.dirname, '../..');
