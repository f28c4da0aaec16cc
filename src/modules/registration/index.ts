export {
  AuthorityClient,
  type Authorization,
  type Credentials,
  type RegistrationAnswer,
} from './client/authority-client.js';
export * from './client/client.errors.js';
export {
  Registrant,
  type RegistrationInput,
  RegistrationService,
  type RegistrationStep,
} from './client/registration.service.js';
export { type RegistrationFlaw, RegistrationRefusedError, StoreUrlUnknownError } from './registration.errors.js';
export { RegistrationModule } from './registration.module.js';
export { isSameUrl, registeredUrl, type Scheme } from './store-url.js';
export { type ClaimedRegistration, RegistrationVerifier } from './verification/registration-verifier.js';
export { type RegistrationOrigin, VerifiedRegistration } from './verification/verified-registration.js';
export { type AdoptOptions, type StoreIdentity, StoreIdentityService } from './identity/store-identity.service.js';
export { type SelfIssued, SelfIssuing } from './identity/self-issuing.js';
export { RegistrationOutdatedError } from './identity/identity.errors.js';
export { readCarriedFile } from './carried/carried-file.js';
export type { CarriedRegistration } from './carried/carried-registration.js';
export { RegistrationIntake, type IntakeOutcome } from './carried/registration-intake.js';
export * from './carried/carried.errors.js';
export { assertArchitectureSupported, BUNDLE_ARCHITECTURES, ownArchitecture } from './offline-bundle/architectures.js';
export {
  type BundleProgress,
  type OfflineBundleInput,
  OfflineBundleWriter,
} from './offline-bundle/offline-bundle-writer.js';
export * from './offline-bundle/offline-bundle.errors.js';
export * from './authority/index.js';
