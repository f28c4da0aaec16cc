export { RegistrationBundleError } from './errors.js';
export type { CarriedSecret } from './keys.js';
export {
  bundleUrl,
  type CarriedCertificate,
  checkOpenedKey,
  decodeRegistrationBundle,
  encodeRegistrationBundle,
  MAX_REGISTRATION_BUNDLE_BYTES,
  REGISTRATION_BUNDLE_FILE,
  type RegistrationBundle,
  registrationDigest,
  storeAssertion,
} from './registration-bundle.js';
export { readRegistrationTarball, type RegistrationFiles } from './tarball.js';
