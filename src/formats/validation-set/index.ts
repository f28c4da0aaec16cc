export { readValidationSetFile } from './read-file.js';
export {
  type ListedComponent,
  type ListedSnap,
  type Presence,
  type ValidationSet,
  type ValidationSetDraft,
  ValidationSetFileError,
  validationSetHeaders,
  validationSetOf,
  validationSetTitle,
} from './validation-set.js';
