import { AssertionRefusedError } from './assertion.errors.js';
import { AssertionRef, printable } from './assertion-ref.js';
import type { Assertion } from './assertion.js';
import type { AssertionType } from './assertion-type.js';
import { accountKeyRequestType, accountKeyType } from './types/account-key.js';
import { accountType } from './types/account.js';
import { clusterType } from './types/cluster.js';
import { confdbControlType, confdbSchemaType } from './types/confdb.js';
import { hardwareIdentityType } from './types/hardware-identity.js';
import { requestMessageType, responseMessageType } from './types/messages.js';
import { modelType } from './types/model.js';
import { preseedType } from './types/preseed.js';
import { repairType } from './types/repair.js';
import { deviceSessionRequestType, serialRequestType, serialType } from './types/serial.js';
import { baseDeclarationType, snapDeclarationType } from './types/snap-declaration.js';
import { snapDeveloperType } from './types/snap-developer.js';
import { snapResourcePairType, snapResourceRevisionType } from './types/snap-resource.js';
import { snapBuildType, snapRevisionType } from './types/snap-revision.js';
import { storeType } from './types/store.js';
import { systemUserType } from './types/system-user.js';
import { validationSetType } from './types/validation-set.js';
import { validationType } from './types/validation.js';

/** Every type of store-protocol.md §3.4; `authority-delegation`, which snapd has dropped, is an unknown one. */
const TYPES: ReadonlyMap<string, AssertionType> = new Map(
  [
    accountType,
    accountKeyType,
    accountKeyRequestType,
    baseDeclarationType,
    clusterType,
    confdbControlType,
    confdbSchemaType,
    deviceSessionRequestType,
    hardwareIdentityType,
    modelType,
    preseedType,
    repairType,
    requestMessageType,
    responseMessageType,
    serialType,
    serialRequestType,
    snapBuildType,
    snapDeclarationType,
    snapDeveloperType,
    snapResourcePairType,
    snapResourceRevisionType,
    snapRevisionType,
    storeType,
    systemUserType,
    validationType,
    validationSetType,
  ].map((type) => [type.name, type]),
);

export function findAssertionType(name: string): AssertionType | null {
  return TYPES.get(name) ?? null;
}

/** @throws AssertionRefusedError, reason `unknown-type` */
export function assertionType(name: string): AssertionType {
  const type = findAssertionType(name);
  if (type === null) {
    const refusal = { stage: 'decode', reason: 'unknown-type', type: printable(name) } as const;
    throw new AssertionRefusedError(`unknown assertion type "${printable(name)}"`, refusal);
  }
  return type;
}

export function assertionTypes(): readonly AssertionType[] {
  return [...TYPES.values()];
}

/**
 * Names an assertion by its type and primary key, from which optional keys may be left out.
 * @throws AssertionRefusedError for an unknown type, or a key of the wrong length or with an empty part
 */
export function assertionRef(typeName: string, key: readonly string[]): AssertionRef {
  const type = assertionType(typeName);
  const defaults = type.primaryKey.slice(key.length).map((name) => type.optionalKeyDefaults[name] ?? '');
  const primaryKey = [...key, ...defaults];
  if (key.length > type.primaryKey.length || primaryKey.some((part) => part === '' || part.includes('/'))) {
    const refusal = { stage: 'decode', reason: 'type-rule', type: typeName } as const;
    throw new AssertionRefusedError(`the primary key of "${typeName}" is ${type.primaryKey.join(', ')}`, refusal);
  }
  return new AssertionRef(type, primaryKey);
}

/** What a device asks for before it takes this assertion, in snapd's order; last, where it has an authority, the signing account-key. */
export function prerequisites(assertion: Assertion): AssertionRef[] {
  const own = assertion.type.prerequisites(assertion);
  if (assertion.type.authority === 'none') return own;
  return [...own, new AssertionRef(accountKeyType, [assertion.signKeyId])];
}
