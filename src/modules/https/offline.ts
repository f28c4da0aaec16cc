/** For commands that must not open the store. */
export { CERTIFICATE_SETTING, checkPair, KEY_SETTING } from './stored-pair.js';
