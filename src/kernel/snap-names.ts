import { StoreError } from './store-error.js';

export class InvalidSnapNameError extends StoreError {
  readonly code = 'invalid-snap-name';
}

export class InvalidSnapIdError extends StoreError {
  readonly code = 'invalid-snap-id';
}

const SNAP_NAME = /^(?=.{2,40}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;
const SNAP_ID = /^[a-zA-Z0-9]{32}$/;

/** 2 to 40 of `[a-z0-9-]` with a letter, no dash at an end, no two in a row (snapd: snap/naming/validate.go). */
export function isSnapName(text: string): boolean {
  return SNAP_NAME.test(text);
}

/** @throws InvalidSnapNameError */
export function parseSnapName(text: string): string {
  if (!isSnapName(text))
    throw new InvalidSnapNameError(`"${text.slice(0, 60)}" is not a snap name`, { name: text.slice(0, 60) });
  return text;
}

/** 32 letters and digits (snapd: snap/naming/validate.go). */
export function isSnapId(text: string): boolean {
  return SNAP_ID.test(text);
}

/** @throws InvalidSnapIdError */
export function parseSnapId(text: string): string {
  if (!isSnapId(text))
    throw new InvalidSnapIdError(`"${text.slice(0, 60)}" is not a snap-id`, { snapId: text.slice(0, 60) });
  return text;
}
