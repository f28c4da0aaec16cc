import { type Assertion, type HeaderMap, type HeaderValue, printable } from '../../../formats/assertion/index.js';
import { type Need, PLAIN_NEED } from './needs.js';

type Devices = Pick<Need, 'architectures' | 'areArchitecturesSaid'>;

/** `ACCOUNT/NAME=SEQUENCE` */
export function titleOfValidationSet(set: Assertion): string {
  return printable(`${set.text('account-id')}/${set.text('name')}=${set.text('sequence')}`);
}

/**
 * The snaps that a validation set lets a device have: required and optional ones, of the revision that it pins or else of the default
 * channel, with the components that it names.
 */
export function snapsOfValidationSet(set: Assertion, devices: Devices): Need[] {
  const entries = set.headers.snaps as readonly HeaderMap[];
  return entries
    .filter(({ presence }) => presence !== 'invalid')
    .map((entry) => ({
      ...PLAIN_NEED,
      ...devices,
      name: textOf(entry.name),
      snapId: textOf(entry.id),
      revision: entry.revision === undefined ? null : Number(textOf(entry.revision)),
      components: componentsOf(entry.components),
      isOptional: entry.presence === 'optional',
      reason: { kind: 'validation-set', of: titleOfValidationSet(set) },
    }));
}

/** Each is a presence, or a map with one. */
function componentsOf(components: HeaderValue | undefined): string[] {
  if (typeof components !== 'object' || Array.isArray(components)) return [];
  return Object.entries(components as HeaderMap)
    .filter(([, value]) => (typeof value === 'string' ? value : (value as HeaderMap).presence) !== 'invalid')
    .map(([name]) => name);
}

function textOf(value: HeaderValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
