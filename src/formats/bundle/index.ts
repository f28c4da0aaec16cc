export { assertionStreams, type CarriedStream } from './assertion-streams.js';
export { isBundleSource, readBundleSource, type BundleSource } from './bundle-source.js';
export {
  assumptionsOf,
  diffBundles,
  newest,
  type BundleContents,
  type BundleDifference,
  type Change,
  type SnapDifference,
} from './compare/diff.js';
export { mergeManifests, type MergeInput } from './compare/merge.js';
export * from './errors.js';
export { readBundleFolder } from './folder.js';
export { Fields } from './fields.js';
export { type HeldRelease, type Holdings, holdingsOfBundle } from './holdings.js';
export { canonicalJson, type Json, outlineProblem } from './json.js';
export { KnownReleases } from './known-releases.js';
export { BUNDLE_LIMITS, type BundleLimits } from './limits.js';
export { readLooseTar, type LoosePart } from './loose-tar.js';
export * from './manifest.js';
export { encodeManifest } from './manifest-encode.js';
export { parseManifest } from './manifest-parse.js';
export {
  componentPath,
  declaredMembers,
  MANIFEST_PATH,
  mediaPath,
  SIGNATURE_PATH,
  snapPath,
  SUMS_PATH,
  type DeclaredMember,
} from './members.js';
export * from './metadata-rules.js';
export { formatPartName, formatPartSetName, parsePartName, type PartSetName } from './parts/part-name.js';
export { parsePartSize, PartSizeInvalidError } from './parts/part-size.js';
export { TooManyPartsError, writeParts, type WritePartsOptions, type WrittenPart } from './parts/part-writer.js';
export {
  checkPartsComplete,
  checkPartSizes,
  isSameSet,
  missingParts,
  partsOfNamedBundle,
  splitBundleOf,
  type PartFile,
  type SplitBundle,
} from './parts/split-bundle.js';
export {
  readBundle,
  type BundleAssertions,
  type BundleBlob,
  type BundleHead,
  type BundlePart,
  type ReadBundleOptions,
} from './reader.js';
export {
  ed25519Signer,
  rawPublicKey,
  signDocument,
  signerKeyId,
  verifyDocument,
  verifyManifestSignature,
  type BundleSigner,
  type ManifestSigner,
} from './signature.js';
export { openBytes, planImport, planImports, type ImportPlan, type ImportSource } from './source.js';
export * from './vocabulary.js';
export { writeBundle, type WriteBundleOptions } from './writer.js';
