import { compileAttributeConstraints, type ConstraintFeature } from './attribute-constraints.js';
import { ACCOUNT_ID, checkMap, checkStrings, parseInteger, rule, SNAP_ID } from './header-checks.js';
import { type HeaderMap, type HeaderValue, isHeaderList, isHeaderMap } from './headers.js';
import { WholeTextRegexp } from './regexp/regexp.js';

/**
 * The `plugs` and `slots` of snap-declarations and base-declarations: who may install a snap with an interface and what connects
 * (snapd: asserts/ifacedecls.go). They are compiled to be checked; deciding by them is the device's business.
 */

const SUBRULES = [
  'allow-installation',
  'deny-installation',
  'allow-connection',
  'deny-connection',
  'allow-auto-connection',
  'deny-auto-connection',
] as const;

const NAME_CONSTRAINTS = ['plug-names', 'slot-names'] as const;
const ATTRIBUTE_CONSTRAINTS = ['plug-attributes', 'slot-attributes'] as const;
const ARITY_CONSTRAINTS = ['slots-per-plug', 'plugs-per-slot'] as const;

const SNAP_TYPE = /^(?:core|kernel|gadget|app)$/;
const PUBLISHER = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28}|\$[A-Z][A-Z0-9_]*)$/;
const DISTRIBUTION = /^[-0-9a-z._]+$/;
const SPECIAL_NAME = /^\$[A-Z][A-Z0-9_]*$/;
const STORE_ID = /^[-A-Z0-9a-z_]+$/;
const BRAND_AND_MODEL = /^(?:[a-z0-9A-Z]{32}|[-a-z0-9]{2,28})\/[a-zA-Z0-9](?:-?[a-zA-Z0-9])*$/;

const DEVICE_SCOPE: Readonly<Record<string, RegExp>> = {
  'on-store': STORE_ID,
  'on-brand': ACCOUNT_ID,
  'on-model': BRAND_AND_MODEL,
};

type Side = 'plug' | 'slot';

/** @throws AssertionRefusedError naming the interface and rule that does not fit */
export function checkInterfaceRules(headers: HeaderMap): void {
  featuresOfInterfaceRules(headers);
}

/** What the rules use, for the format that they need. @throws AssertionRefusedError */
export function featuresOfInterfaceRules(headers: HeaderMap): ReadonlySet<ConstraintFeature> {
  const features = new Set<ConstraintFeature>();
  for (const side of ['plug', 'slot'] as const) {
    for (const [name, value] of Object.entries(checkMap(headers, `${side}s`) ?? {})) {
      checkRule(side, `${side} rule for interface "${name}"`, value ?? '', features);
    }
  }
  return features;
}

/** `on-store`, `on-brand` and `on-model`, wherever they may stand. Says whether any is there. */
export function checkDeviceScope(map: HeaderMap, context: string): boolean {
  for (const [field, pattern] of Object.entries(DEVICE_SCOPE)) {
    checkStrings(map, field, `${field} in ${context}`, pattern);
  }
  return Object.keys(DEVICE_SCOPE).some((field) => map[field] !== undefined);
}

function checkRule(side: Side, context: string, value: HeaderValue, features: Set<ConstraintFeature>): void {
  if (value === 'true' || value === 'false') return;
  if (!isHeaderMap(value)) throw rule(`${context} must be a map or one of the shortcuts 'true' or 'false'`);
  let isEmpty = true;
  for (const subrule of SUBRULES) {
    const constraints = value[subrule];
    if (constraints === undefined) continue;
    isEmpty = false;
    if (isHeaderList(constraints)) {
      for (const [index, alternative] of constraints.entries()) {
        const alternativeContext = `alternative ${index + 1} of ${subrule} in ${context}`;
        if (!isHeaderMap(alternative)) throw rule(`${alternativeContext} must be a map`);
        checkConstraints(side, subrule, alternativeContext, alternative, features);
      }
    } else if (isHeaderMap(constraints)) {
      checkConstraints(side, subrule, `${subrule} in ${context}`, constraints, features);
    } else if (constraints !== 'true' && constraints !== 'false') {
      throw rule(`${subrule} in ${context} must be a map or one of the shortcuts 'true' or 'false'`);
    }
  }
  if (isEmpty) throw rule(`${context} must specify at least one of ${SUBRULES.join(', ')}`);
}

function checkConstraints(
  side: Side,
  subrule: string,
  context: string,
  map: HeaderMap,
  features: Set<ConstraintFeature>,
): void {
  const isInstallation = subrule.endsWith('-installation');
  const names = isInstallation ? [`${side}-names`] : NAME_CONSTRAINTS;
  const attributes = isInstallation ? [`${side}-attributes`] : ATTRIBUTE_CONSTRAINTS;
  const identities = isInstallation ? installationIdentities(side) : connectionIdentities(side);
  let used = 0;
  for (const field of names) {
    const value = map[field];
    if (value === undefined) continue;
    checkNames(field, value);
    features.add('name-constraints');
    used += 1;
  }
  for (const field of attributes) {
    const value = map[field];
    if (value === undefined) continue;
    for (const feature of compileAttributeConstraints(value, { allowsReferences: true }).features)
      features.add(feature);
    used += 1;
  }
  for (const [field, pattern] of Object.entries(identities)) {
    if (checkStrings(map, field, `${field} in ${context}`, pattern).length > 0) used += 1;
  }
  for (const field of ARITY_CONSTRAINTS) {
    const value = map[field];
    if (value === undefined) continue;
    checkArity(subrule, `${field} in ${context}`, value);
    used += 1;
  }
  if (map['on-classic'] !== undefined) {
    checkOnClassic(map, context);
    used += 1;
  }
  if (checkDeviceScope(map, context)) {
    features.add('device-scope');
    used += 1;
  }
  // snapd counts the absent ones against the number for connections, so an installation rule without any passes there.
  if (used === 0 && !isInstallation) {
    const fields = [...names, ...attributes, ...Object.keys(identities), ...ARITY_CONSTRAINTS, 'on-classic'];
    throw rule(`${context} must specify at least one of ${[...fields, ...Object.keys(DEVICE_SCOPE)].join(', ')}`);
  }
}

function installationIdentities(side: Side): Readonly<Record<string, RegExp>> {
  return { [`${side}-snap-type`]: SNAP_TYPE, [`${side}-snap-id`]: SNAP_ID };
}

function connectionIdentities(side: Side): Readonly<Record<string, RegExp>> {
  const other = side === 'plug' ? 'slot' : 'plug';
  return { [`${other}-snap-type`]: SNAP_TYPE, [`${other}-publisher-id`]: PUBLISHER, [`${other}-snap-id`]: SNAP_ID };
}

function checkNames(field: string, value: HeaderValue): void {
  if (!isHeaderList(value)) throw rule(`${field} constraints must be a list of regexps and special $ values`);
  for (const name of value) {
    if (typeof name !== 'string') throw rule(`${field} constraint entry must be a regexp or special $ value`);
    if (name.startsWith('$')) {
      if (!SPECIAL_NAME.test(name)) throw rule(`${field} constraint entry special value "${name}" is invalid`);
    } else {
      if (/\s/u.test(name)) throw rule(`${field} constraint entry regexp contains unexpected spaces`);
      new WholeTextRegexp(name);
    }
  }
}

function checkArity(subrule: string, what: string, value: HeaderValue): void {
  if (subrule.endsWith('-installation') || !subrule.startsWith('allow-')) {
    throw rule(`${what}: such a constraint applies only to allow-*connection`);
  }
  if (value === '*') return;
  if (typeof value !== 'string' || value === '' || parseInteger(value, what) < 1) {
    throw rule(`${what} must be an integer >=1 or *`);
  }
}

function checkOnClassic(map: HeaderMap, context: string): void {
  const value = map['on-classic'];
  if (value === 'true' || value === 'false') return;
  if (!isHeaderList(value))
    throw rule(`on-classic in ${context} must be 'true', 'false' or a list of operating system IDs`);
  checkStrings(map, 'on-classic', `on-classic in ${context}`, DISTRIBUTION);
}
