/** The module's second face, for commands that do without Nest and TypeORM. */
export { BundleSigning } from './bundle-signing.js';
