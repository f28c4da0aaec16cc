import type { Assertion } from '../assertion.js';
import {
  ACCOUNT_ID,
  checkDate,
  checkMap,
  checkMatches,
  checkModelName,
  checkNotEmpty,
  checkOptional,
  checkMaps,
  checkStrings,
  rule,
} from '../header-checks.js';
import { type HeaderMap, isHeaderMap } from '../headers.js';
import type { Knowledge } from '../knowledge.js';
import { checkStorageSchema } from './confdb-storage.js';
import { refused } from './consistency.js';
import { defineType } from './define.js';
import { deviceKeyOf, serialRef } from './serial.js';

const NAME = /^[a-z](?:-?[a-z0-9])*$/;
const STRICT_SERIAL = /^[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;
const VIEW = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28}|system)\/[a-z](?:-?[a-z0-9])*\/[a-z](?:-?[a-z0-9])*$/;
const AUTHENTICATIONS = ['operator-key', 'store'];
const ACCESSES = ['read-write', 'read', 'write'];
const SYSTEM_ACCOUNT = 'system';

/** A schema for configuration that snaps share, and views of it (snapd: asserts/confdb.go and the confdb package). */
export const confdbSchemaType = defineType({
  name: 'confdb-schema',
  primaryKey: ['account-id', 'name'],
  hasJsonBody: true,
  rank: 1,
  validate: ({ headers, body, authorityId }) => {
    const account = checkNotEmpty(headers, 'account-id');
    if (account !== authorityId && account !== SYSTEM_ACCOUNT) {
      throw rule(
        'authority-id and account-id must match, confdb-schema assertions are expected to be signed by the issuer',
      );
    }
    checkMatches(headers, 'name', NAME);
    checkViews(headers);
    checkOptional(headers, 'summary');
    const content: unknown = JSON.parse(body.toString('utf8'));
    if (typeof content !== 'object' || content === null || !('storage' in content)) {
      throw rule('body must contain a "storage" stanza');
    }
    checkStorageSchema(content.storage);
    checkDate(headers, 'timestamp');
  },
  checkConsistency: (schema, knowledge) => {
    requireSystemAuthority(schema, knowledge);
    return Promise.resolve();
  },
});

/** Which operators may use which views of a device; signed by the device's key. */
export const confdbControlType = defineType({
  name: 'confdb-control',
  primaryKey: ['brand-id', 'model', 'serial'],
  authority: 'none',
  rank: 3,
  validate: ({ headers }) => {
    checkMatches(headers, 'brand-id', ACCOUNT_ID);
    checkModelName(headers);
    checkMatches(headers, 'serial', STRICT_SERIAL);
    for (const [index, group] of checkMaps(headers, 'groups', '"groups" header must be a list of maps').entries()) {
      checkGroup(group, `in group ${index + 1}`);
    }
  },
  prerequisites: (control) => [serialRef(control)],
  signingKey: deviceKeyOf,
});

/** `system` is no account of its own: a root of trust speaks for it. */
function requireSystemAuthority(schema: Assertion, knowledge: Knowledge): void {
  if (schema.text('account-id') === SYSTEM_ACCOUNT && !knowledge.isTrustedAccount(schema.authorityId)) {
    throw refused(schema, 'not-trusted-authority', 'speaks for "system" and is not signed by a trusted authority');
  }
}

function checkGroup(group: HeaderMap, where: string): void {
  for (const name of ['authentications', 'views', 'operators']) {
    if (checkStrings(group, name, `"${name}" ${where}`).length === 0) throw rule(`"${name}" ${where} must be provided`);
  }
  for (const authentication of checkStrings(group, 'authentications', `"authentications" ${where}`)) {
    if (!AUTHENTICATIONS.includes(authentication))
      throw rule(`invalid authentication method ${where}: ${authentication}`);
  }
  checkStrings(group, 'views', `"views" ${where}`, VIEW);
  checkStrings(group, 'operators', `"operators" ${where}`, ACCOUNT_ID);
}

function checkViews(headers: HeaderMap): void {
  const views = checkMap(headers, 'views');
  if (views === null) throw rule('"views" stanza is mandatory');
  for (const [name, view] of Object.entries(views)) {
    if (!NAME.test(name)) throw rule(`cannot define view "${name}": its name does not fit`);
    if (!isHeaderMap(view)) throw rule(`cannot define view "${name}": it must be a map`);
    const rules = checkMaps(view, 'rules', `cannot define view "${name}": its rules must be a list of maps`);
    if (rules.length === 0) throw rule(`cannot define view "${name}": it has no rules`);
    for (const entry of rules) checkViewRule(entry, `in a rule of view "${name}"`);
  }
}

function checkViewRule(entry: HeaderMap, where: string): void {
  checkNotEmpty(entry, 'storage', where);
  checkOptional(entry, 'request', where);
  const access = checkOptional(entry, 'access', where);
  if (access !== '' && !ACCESSES.includes(access)) throw rule(`access ${where} must be one of ${ACCESSES.join(', ')}`);
  for (const nested of checkMaps(entry, 'content', `"content" ${where} must be a list of maps`))
    checkViewRule(nested, where);
}
