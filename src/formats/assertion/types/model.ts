import {
  ACCOUNT_ID,
  checkDate,
  checkMaps,
  checkMatches,
  checkModelName,
  checkNotEmpty,
  checkOneOf,
  checkOptional,
  checkOptionalBoolean,
  checkPositive,
  checkSignedByBrand,
  checkSnapName,
  checkStringHeader,
  rule,
} from '../header-checks.js';
import { type HeaderMap, isHeaderList } from '../headers.js';
import type { Assertion } from '../assertion.js';
import { defineType } from './define.js';
import { checkModelSnaps, type ModelGrade } from './model-snaps.js';

const GRADES = ['secured', 'signed', 'dangerous'];
const STORAGE_SAFETIES = ['encrypted', 'prefer-encrypted', 'prefer-unencrypted'];
const VALIDATION_SET_MODES = ['prefer-enforce', 'enforce'];
const VALIDATION_SET_NAME = /^[a-z0-9](?:-?[a-z0-9])*$/;
const DISTRIBUTION = /^[a-z0-9._-]*$/;
const RISKS = ['stable', 'candidate', 'beta', 'edge'];

/** What a brand's devices are made of (snapd: asserts/model.go). */
export const modelType = defineType({
  name: 'model',
  primaryKey: ['series', 'brand-id', 'model'],
  rank: 1,
  isTimestamped: true,
  validate: ({ headers, authorityId }) => {
    checkSignedByBrand(headers, authorityId, 'model');
    checkModelName(headers);
    const isClassic = checkOptionalBoolean(headers, 'classic');
    const isExtended = headers.snaps !== undefined;
    checkHeadersOfKind(headers, isClassic, isExtended);
    const base = checkOptional(headers, 'base');
    if (base !== '') checkSnapName(base, 'in "base" header');
    checkOptional(headers, 'store');
    checkOptional(headers, 'display-name');
    if (isExtended) {
      checkModelSnaps(headers, { base, grade: checkGrade(headers), isClassic });
    } else {
      checkSnapWithTrack(headers, 'kernel');
      checkSnapWithTrack(headers, 'gadget');
      for (const name of checkStringHeader(headers, 'required-snaps'))
        checkSnapName(name, 'in "required-snaps" header');
    }
    checkAccounts(headers, 'serial-authority', false);
    checkAccounts(headers, 'system-user-authority', true);
    checkAccounts(headers, 'preseed-authority', false);
    checkValidationSets(headers);
    checkDate(headers, 'timestamp');
  },
});

/** The accounts whose serial assertions are good for devices of the model; its brand is always among them. */
export function serialAuthoritiesOf(model: Assertion): readonly string[] {
  return [model.text('brand-id'), ...checkStringHeader(model.headers, 'serial-authority')];
}

function checkHeadersOfKind(headers: HeaderMap, isClassic: boolean, isExtended: boolean): void {
  const forbidden = isExtended
    ? ['gadget', 'kernel', 'required-snaps']
    : ['grade', 'storage-safety', ...(isClassic ? ['kernel', 'base'] : [])];
  for (const name of forbidden) {
    if (headers[name] === undefined) continue;
    throw rule(`a model ${isExtended ? 'with' : 'without'} the extended snaps header cannot have "${name}"`);
  }
  if (isClassic && isExtended) {
    checkMatches(headers, 'distribution', DISTRIBUTION);
  } else if (headers.distribution !== undefined) {
    throw rule('cannot specify distribution for model unless it is classic and has an extended snaps header');
  }
  if (isExtended) {
    for (const name of ['architecture', 'base']) checkNotEmpty(headers, name);
  } else if (isClassic) {
    for (const name of ['architecture', 'gadget']) checkOptional(headers, name);
  } else {
    for (const name of ['architecture', 'gadget', 'kernel']) checkNotEmpty(headers, name);
  }
}

function checkGrade(headers: HeaderMap): ModelGrade {
  const given = checkOptional(headers, 'grade');
  if (given !== '' && !GRADES.includes(given))
    throw rule(`grade for model must be ${GRADES.join('|')}, not "${given}"`);
  const grade = given === 'secured' || given === 'dangerous' ? given : 'signed';
  const safety = checkOneOf(headers, 'storage-safety', STORAGE_SAFETIES, 'for model');
  if (grade === 'secured' && safety !== '' && safety !== 'encrypted') {
    throw rule('secured grade model must not have storage-safety overridden, only "encrypted" is valid');
  }
  return grade;
}

/** `name` or `name=track`. */
function checkSnapWithTrack(headers: HeaderMap, header: string): void {
  const value = headers[header];
  if (value === undefined) return;
  if (typeof value !== 'string') throw rule(`"${header}" header must be a string`);
  const [name = '', ...rest] = value.split('=');
  checkSnapName(name, `in "${header}" header`);
  if (rest.length === 0) return;
  const track = rest.join('=');
  if (track.includes('/')) throw rule(`"${header}" channel selector must be a track name only`);
  if (RISKS.includes(track)) throw rule(`"${header}" channel selector must be a track name`);
}

function checkAccounts(headers: HeaderMap, name: string, mayBeAnyone: boolean): void {
  const value = headers[name];
  if (value === undefined || (mayBeAnyone && value === '*')) return;
  const isList = isHeaderList(value) && value.every((entry) => typeof entry === 'string' && ACCOUNT_ID.test(entry));
  if (!isList) throw rule(`"${name}" header must be ${mayBeAnyone ? "'*' or " : ''}a list of account ids`);
}

function checkValidationSets(headers: HeaderMap): void {
  const seen = new Set<string>();
  for (const entry of checkMaps(headers, 'validation-sets', '"validation-sets" must be a list of validation sets')) {
    const account = checkOptional(entry, 'account-id', 'of validation-set') || checkNotEmpty(headers, 'brand-id');
    const name = checkMatches(entry, 'name', VALIDATION_SET_NAME, 'of validation-set');
    const where = `of validation-set "${name}"`;
    if (entry.sequence !== undefined) checkPositive(entry, 'sequence', where);
    checkNotEmpty(entry, 'mode', where);
    checkOneOf(entry, 'mode', VALIDATION_SET_MODES, where);
    const key = `${account}/${name}`;
    if (seen.has(key)) throw rule(`cannot add validation set "${key}" twice`);
    seen.add(key);
  }
}
