import {
  checkDate,
  checkNotEmpty,
  checkOptionalBoolean,
  checkPositive,
  checkSignedByBrand,
  checkSnapName,
  checkStringHeader,
  rule,
} from '../header-checks.js';
import { defineType } from './define.js';

/** snap-repair's limit (snapd: cmd/snap-repair/runner.go). */
const MAX_SCRIPT_BYTES = 24 * 1024 * 1024;
const BASES_WITHOUT_MODES = ['core', 'core16', 'core18'];

/** A script that repairs devices; snapd verifies it against a root of its own (snapd: asserts/repair.go). */
export const repairType = defineType({
  name: 'repair',
  primaryKey: ['brand-id', 'repair-id'],
  isSequenceForming: true,
  trust: 'repair',
  maxBodyBytes: MAX_SCRIPT_BYTES,
  rank: 1,
  isTimestamped: true,
  validate: ({ headers, authorityId }) => {
    checkSignedByBrand(headers, authorityId, 'repair');
    checkPositive(headers, 'repair-id');
    if (/[\r\n]/.test(checkNotEmpty(headers, 'summary'))) throw rule('"summary" header cannot have newlines');
    for (const name of ['series', 'models', 'architectures']) checkStringHeader(headers, name);
    const modes = checkStringHeader(headers, 'modes');
    const bases = checkStringHeader(headers, 'bases');
    for (const base of bases) checkSnapName(base, 'in "bases"');
    for (const mode of modes) {
      if (mode !== 'run' && mode !== 'recover') throw rule(`header "modes" contains an invalid element: "${mode}"`);
    }
    if (modes.length > 0 && bases.some((base) => BASES_WITHOUT_MODES.includes(base))) {
      throw rule(
        'in the presence of a non-empty "modes" header, "bases" must only contain base snaps supporting recovery modes',
      );
    }
    checkOptionalBoolean(headers, 'disabled');
    checkDate(headers, 'timestamp');
  },
});
