export {
  type CertificateInfo,
  CertificateService,
  type SelfSignedCertificate,
  type TakenCertificate,
} from './certificate.service.js';
export { DomainNotSetError } from './https.errors.js';
export { HttpsFollower } from './https-follower.js';
export { HttpsModule } from './https.module.js';
export type { CertificateWithKey } from './issue.js';
