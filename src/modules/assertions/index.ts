export { readAssertionFile, readTrustedRoots } from './assertion-files.js';
export { AssertionRow } from './assertion.entity.js';
export { type AssertionFilter, type AssertionPage, ASSERTIONS_TOPIC } from './assertion.repository.js';
export { type AddOutcome, type AddReport, AssertionService } from './assertion.service.js';
export { AssertionFileError } from './assertions.errors.js';
export { AssertionsModule } from './assertions.module.js';
export { checkAssertionFiles, type CheckedAssertion, checkLine } from './check-files.js';
export { TrustedRootsService } from './trusted-roots.service.js';
