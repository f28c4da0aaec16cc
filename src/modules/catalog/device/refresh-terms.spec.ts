import { describe, expect, it } from 'vitest';

import { BadRequestError } from '../../../platform/http/http.errors.js';
import { joinTerms, parseTerms, type RefreshTerms } from './refresh-terms.js';

const base = ['16', 'acme', 'base', '3'];
const tools = ['16', 'acme', 'tools', '1'];

describe(parseTerms.name, () => {
  it.each([
    ['says nothing', {}],
    ['says nothing in many words', { 'cohort-key': '', 'validation-sets': [], 'ignore-validation': null }],
    ['says nothing with nulls', { 'cohort-key': null, 'validation-sets': null }],
  ])('makes nothing of a snap that %s', (_what, snap) => {
    expect(parseTerms(snap)).toBeNull();
  });

  it('reads what there is', () => {
    expect(parseTerms({ 'cohort-key': 'KEY', 'validation-sets': [base], 'ignore-validation': false })).toEqual({
      cohortKey: 'KEY',
      validationSets: [base],
      ignoresValidation: false,
    });
  });

  it.each([
    ['a cohort key that is no text', { 'cohort-key': 7 }],
    ['a long cohort key', { 'cohort-key': 'x'.repeat(513) }],
    ['sets that are no list', { 'validation-sets': 'acme/base' }],
    ['too many sets', { 'validation-sets': Array.from({ length: 101 }, () => base) }],
    ['a set that is no list', { 'validation-sets': ['acme/base'] }],
    ['a set without a sequence', { 'validation-sets': [base.slice(0, 3)] }],
    ['a set with a sequence that is a number', { 'validation-sets': [['16', 'acme', 'base', 3]] }],
    ['a set without a name', { 'validation-sets': [['16', 'acme', '', '3']] }],
    ['a set with a long name', { 'validation-sets': [['16', 'acme', 'x'.repeat(513), '3']] }],
    ['ignore-validation as text', { 'ignore-validation': 'true' }],
  ])('refuses %s', (_what, snap) => {
    expect(() => parseTerms(snap)).toThrow(BadRequestError);
  });
});

describe(joinTerms.name, () => {
  const terms = { cohortKey: null, validationSets: [], ignoresValidation: null };
  const along = (given: Partial<RefreshTerms>) => ({ channel: null, terms: { ...terms, ...given } });

  it('makes nothing of nothing, or of ignoring nothing', () => {
    expect(joinTerms({ channel: null, terms: null }, null)).toBeNull();
    expect(joinTerms(along({ ignoresValidation: true }), null)).toBeNull();
  });

  it('takes the sets of both, each once', () => {
    const joined = joinTerms(along({ validationSets: [base, tools] }), { ...terms, validationSets: [base] });
    expect(joined?.validationSets).toEqual([base, tools]);
  });

  it.each([
    ['the action says so', true, null, 0],
    ['it was said before', null, true, 0],
    ['the action says otherwise than before', false, true, 2],
    ['nobody says so', null, null, 2],
  ])('passes sets over where %s', (_what, action, installed, remaining) => {
    const joined = joinTerms(along({ ignoresValidation: action, validationSets: [base] }), {
      ...terms,
      ignoresValidation: installed,
      validationSets: [tools],
      cohortKey: 'KEY',
    });
    expect(joined?.validationSets).toHaveLength(remaining);
  });

  it.each([
    ['enters the cohort that it asks for', null, 'NEW', 'OLD', 'NEW', true],
    ['enters a cohort as the first one', 'stable', 'NEW', null, 'NEW', true],
    ['stays in its cohort', null, null, 'OLD', 'OLD', false],
    ['stays in it when it asks for it again', 'stable', 'OLD', 'OLD', 'OLD', false],
  ])('%s', (_what, channel, own, installed, cohortKey, entersCohort) => {
    const joined = joinTerms({ ...along({ cohortKey: own }), channel }, { ...terms, cohortKey: installed });
    expect(joined).toMatchObject({ cohortKey, entersCohort });
  });

  it('leaves a cohort where it names the channel and no cohort', () => {
    const installed = { ...terms, cohortKey: 'OLD' };
    expect(joinTerms({ channel: 'latest/stable', terms: null }, installed)).toBeNull();
    expect(joinTerms({ ...along({ ignoresValidation: false }), channel: 'latest/stable' }, installed)).toBeNull();
  });
});
