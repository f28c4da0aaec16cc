export { packageVersion } from '../platform/program-version.js';
