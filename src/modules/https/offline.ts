/** For commands that must not open the store. */
export { sealPair } from './stored-pair.js';
