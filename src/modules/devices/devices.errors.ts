import { StoreError } from '../../kernel/store-error.js';
import type { DeviceName } from './device-name.js';

/** A request needs a session and has none, or one that is not valid (any more). snapd asks for a new one and tries again. */
export class SessionNeededError extends StoreError {
  readonly code = 'session-needed';
}

/** What a device sent to prove who it is proves nothing, or the contrary. */
export class SessionRefusedError extends StoreError {
  readonly code = 'session-refused';
}

/** An operator has shut this device out. */
export class DeviceRevokedError extends StoreError {
  readonly code = 'device-revoked';

  constructor(device: DeviceName) {
    super(`this store has revoked the device ${device.toString()}`, { device: device.toString() });
  }
}

/** More devices ask for sessions at once than can be looked at. */
export class TooManySessionRequestsError extends StoreError {
  readonly code = 'too-many-session-requests';
}

export class DeviceNotKnownError extends StoreError {
  readonly code = 'device-not-known';

  constructor(device: DeviceName) {
    super(`no device ${device.toString()} has had a session with this store`, { device: device.toString() });
  }
}

export class SnapNotRestrictedError extends StoreError {
  readonly code = 'snap-not-restricted';

  constructor(name: string) {
    super(`${name} is not restricted so`, { name });
  }
}

/** Neither a brand nor a model is called so. */
export class InvalidAudienceError extends StoreError {
  readonly code = 'invalid-audience';
}

export class InvalidDeviceNameError extends StoreError {
  readonly code = 'invalid-device-name';
}
