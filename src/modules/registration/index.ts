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
