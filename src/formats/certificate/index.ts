export {
  type CertificateChain,
  isSelfSigned,
  nameOf,
  readCertificateChain,
  readPrivateKey,
} from './certificate-chain.js';
export { CertificateRefusedError } from './certificate.errors.js';
export {
  type CertificateProblem,
  type CertificateQuestion,
  covers,
  EXPIRY_WARNING_DAYS,
  namesOf,
  problemsOf,
} from './certificate-problems.js';
export { readPemPieces, toPem } from './pem-pieces.js';
