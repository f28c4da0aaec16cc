import { AssertionRef } from '../assertion-ref.js';
import { checkDate, checkOptionalBoolean, checkPositive } from '../header-checks.js';
import { refused, requireKnown } from './consistency.js';
import { defineType } from './define.js';
import { snapDeclarationType } from './snap-declaration.js';

/** A gating snap's consent to a revision of a gated one (snapd: asserts/snap_asserts.go). */
export const validationType = defineType({
  name: 'validation',
  primaryKey: ['series', 'snap-id', 'approved-snap-id', 'approved-snap-revision'],
  rank: 2,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkPositive(headers, 'approved-snap-revision');
    checkOptionalBoolean(headers, 'revoked');
    checkDate(headers, 'timestamp');
  },
  prerequisites: (validation) => {
    return ['snap-id', 'approved-snap-id'].map((name) => {
      return new AssertionRef(snapDeclarationType, [validation.text('series'), validation.text(name)]);
    });
  },
  checkConsistency: async (validation, knowledge) => {
    const series = validation.text('series');
    await requireKnown(validation, knowledge, snapDeclarationType, [series, validation.text('approved-snap-id')]);
    const gating = await requireKnown(validation, knowledge, snapDeclarationType, [series, validation.text('snap-id')]);
    if (gating.text('publisher-id') !== validation.authorityId) {
      throw refused(validation, 'consistency', "is not signed by the gating snap's publisher");
    }
  },
});
