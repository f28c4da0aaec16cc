import { checkDate, checkNotEmpty, checkOptional } from '../header-checks.js';
import { requireTrustedAuthority } from './consistency.js';
import { defineType } from './define.js';

/** Ties a name to an account (snapd: asserts/account.go). */
export const accountType = defineType({
  name: 'account',
  primaryKey: ['account-id'],
  rank: 0,
  isTimestamped: true,
  validate: ({ headers }) => {
    checkNotEmpty(headers, 'display-name');
    checkNotEmpty(headers, 'validation');
    checkDate(headers, 'timestamp');
    checkOptional(headers, 'username');
  },
  checkConsistency: (account, knowledge) => {
    requireTrustedAuthority(account, knowledge);
    return Promise.resolve();
  },
});
