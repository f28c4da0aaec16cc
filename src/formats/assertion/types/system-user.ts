import {
  checkDate,
  checkMatches,
  checkNotEmpty,
  checkOptional,
  checkOptionalBoolean,
  checkStringHeader,
  rule,
} from '../header-checks.js';
import type { HeaderMap } from '../headers.js';
import { defineType } from './define.js';

/** From `+` to `_` is a range, in snapd too. */
const USERNAME = /^[a-z0-9][-a-z0-9+.-_]*$/;
const SALT_OR_HASH = /^[a-zA-Z0-9./]+$/;
const ROUNDS = /^rounds=([+-]?[0-9]{1,18})$/;
const EMAIL = /^(?:[^<>]*<)?[^\s@<>,;:\\"()[\]]+@[^\s@<>,;:\\"()]+>?$/;

/** A user that devices of a brand may create (snapd: asserts/system_user.go). */
export const systemUserType = defineType({
  name: 'system-user',
  primaryKey: ['brand-id', 'email'],
  maxFormat: 2,
  rank: 1,
  validate: ({ headers, format }) => {
    const email = checkNotEmpty(headers, 'email');
    if (!EMAIL.test(email)) throw rule('"email" header must be a RFC 5322 compliant email address');
    checkStringHeader(headers, 'series');
    const models = checkStringHeader(headers, 'models');
    checkSerials(headers, models, format);
    checkUserPresence(headers, format);
    checkOptional(headers, 'name');
    checkMatches(headers, 'username', USERNAME);
    const hasPassword = checkPassword(headers);
    if (checkOptionalBoolean(headers, 'force-password-change') && !hasPassword) {
      throw rule('cannot use "force-password-change" with an empty "password"');
    }
    checkStringHeader(headers, 'ssh-keys');
    checkTimes(headers, models);
  },
  formatNeeded: (headers) => {
    if (headers['user-presence'] !== undefined) return 2;
    return checkStringHeader(headers, 'serials').length > 0 ? 1 : 0;
  },
});

function checkSerials(headers: HeaderMap, models: readonly string[], format: number): void {
  if (checkStringHeader(headers, 'serials').length === 0) return;
  if (format < 1) throw rule('the "serials" header is only supported for format 1 or greater');
  if (models.length !== 1) {
    throw rule('in the presence of the "serials" header "models" must specify exactly one model');
  }
}

function checkUserPresence(headers: HeaderMap, format: number): void {
  const presence = checkOptional(headers, 'user-presence');
  if (presence === '') return;
  if (format < 2) throw rule('the "user-presence" header is only supported for format 2 or greater');
  if (presence !== 'until-expiration') {
    throw rule(`invalid "user-presence" header, only explicit valid value is "until-expiration": "${presence}"`);
  }
}

/** `$id$salt$hash` or `$id$rounds=N$salt$hash`, as crypt(3) writes it, with SHA-512 or better. */
function checkPassword(headers: HeaderMap): boolean {
  const password = checkOptional(headers, 'password');
  if (password === '') return false;
  const fields = password.split('$');
  const hasRounds = fields.length >= 5;
  if (fields.length < 4 || (!hasRounds && fields[2]?.startsWith('rounds=') === true)) {
    throw rule('"password" header must be of the form "$integer-id$salt$hash", see crypt(3)');
  }
  const [, id = '', second = ''] = fields;
  if (!/^[+-]?[0-9]{1,9}$/.test(id)) throw rule('"password" header must start with "$integer-id$"');
  if (Number(id) < 6) throw rule('"password" header only supports $id$ values of 6 (sha512crypt) or higher');
  if (hasRounds && second.startsWith('rounds=')) {
    const rounds = Number(ROUNDS.exec(second)?.[1] ?? NaN);
    if (!(rounds >= 5000 && rounds <= 999999999)) throw rule('"password" header rounds parameter out of bounds');
  }
  const [salt = '', hash = ''] = hasRounds ? [fields[3], fields.slice(4).join('$')] : [second, fields[3]];
  if (!SALT_OR_HASH.test(salt)) throw rule('"password" header has invalid chars in salt');
  if (!SALT_OR_HASH.test(hash)) throw rule('"password" header has invalid chars in hash');
  return true;
}

function checkTimes(headers: HeaderMap, models: readonly string[]): void {
  const since = checkDate(headers, 'since');
  const until = checkDate(headers, 'until');
  if (until < since) throw rule("'until' time cannot be before 'since' time");
  const yearLater = new Date(since);
  yearLater.setUTCFullYear(since.getUTCFullYear() + 1);
  if (models.length === 0 && until > yearLater) {
    throw rule("'until' time cannot be more than 365 days in the future when no models are specified");
  }
}
