export { Assertion } from './assertion.js';
export { AssertionRefusedError, type Refusal, type RefusalReason, type RefusalStage } from './assertion.errors.js';
export { AssertionRef, printable } from './assertion-ref.js';
export type { AssertionType } from './assertion-type.js';
export { builtinRoots } from './builtin-roots.js';
export { type ChainSource, withPrerequisites } from './chain.js';
export { decodeAssertion } from './decode.js';
export type { HeaderList, HeaderMap, HeaderValue } from './headers.js';
export { MAX_BODY_BYTES, MAX_HEADERS_BYTES, MAX_SIGNATURE_BYTES } from './limits.js';
export { assertionRef, assertionType, assertionTypes, prerequisites } from './registry.js';
export {
  type AssertionDraft,
  type AssertionSigner,
  type AssertionToSign,
  signAssertion,
  signAssertionBy,
  SigningKey,
} from './sign.js';
export { decodeAssertionStream, encodeAssertionStream, readAssertionStream } from './stream.js';
export { TrustedRoots } from './trusted-roots.js';
export {
  type AssertionLookup,
  AssertionVerifier,
  type Verdict,
  type VerifiedSource,
  type VerifierOptions,
} from './verifier.js';
